"""Signing in, and what a member keeps of their own account."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password

from dispatch.forms.roster import ProfileForm


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "That name and password do not go together.",
        "inactive": "This account is closed.",
    }


class AccountForm(ProfileForm):
    """Own phone, and a new password where one is given."""

    old_password = forms.CharField(
        label="Password now", required=False, strip=False, widget=forms.PasswordInput
    )
    new_password = forms.CharField(
        label="New password", required=False, strip=False, widget=forms.PasswordInput
    )

    def clean_new_password(self) -> str:
        assert self.member
        password: str = self.cleaned_data["new_password"]
        if password:
            validate_password(password)
            if not check_password(self.cleaned_data.get("old_password"), self.member.password):
                raise forms.ValidationError("The password you have now is not right.")
        return password
