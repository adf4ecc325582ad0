"""Signing in, and what a member keeps of their own account."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.forms.consent import language_name
from dispatch.forms.roster import ProfileForm


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": gettext_lazy("That name and password do not go together."),
        "inactive": gettext_lazy("This account is closed."),
    }


class AccountForm(ProfileForm):
    """Own phone and language, and a new password where one is given; `is_password` judges the one
    now.
    """

    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    old_password = forms.CharField(
        label=gettext_lazy("Password now"),
        required=False,
        strip=False,
        widget=forms.PasswordInput,
    )
    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput,
    )

    def __init__(
        self,
        *args: Any,
        is_password: Callable[[str], bool] = lambda _password: False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_password = is_password
        names = [(code, language_name(code)) for code in self.business.languages]
        self.fields["language"].choices = [("", _("As the browser asks")), *names]  # type: ignore[attr-defined]
        if len(names) < 2:
            del self.fields["language"]

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if password:
            validate_password(password)
            if not self.is_password(self.cleaned_data.get("old_password", "")):
                raise forms.ValidationError(_("The password you have now is not right."))
        return password
