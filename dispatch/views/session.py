"""Signing in and out, and the member's own account."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import auth, messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from dispatch import roster, wiring
from dispatch.accounts import CrewRequest, crew_only, sign_out
from dispatch.calendar import days_off
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.permissions import Act
from dispatch.forms.roster import DaysForm, ProfileForm
from dispatch.models import CrewUser
from dispatch.views.days import days_form, set_days
from dispatch.views.posts import UNSURE, post_only

# A new password ends the session, also where its answer was lost.
UNSURE_WHICH = (
    "We cannot reach our records right now, so we do not know yet whether this was saved."
    " Please try again in a minute. If you are asked to sign in then, the new password is set;"
    " if not, type both passwords once more."
)


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "That name and password do not go together.",
        "inactive": "This account is closed.",
    }


class SignIn(LoginView):
    template_name = "dispatch/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post"]

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Where `next` says; not here again, which would go round for ever."""
        url: str = super().get_redirect_url()
        return "" if url.startswith(self.request.path) else url

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except StoreUnavailable:
            # Not bound: checking it once more would only ask the roster again.
            typed = {"username": request.POST.get("username", "")}
            form = self.authentication_form(request, initial=typed)
            context = self.get_context_data(form=form, silent=True)
            return render(request, self.template_name, context, status=503)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response


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


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Act.KEEP_ACCOUNT)
def leave(request: CrewRequest) -> HttpResponse:
    """POST signs out; GET asks."""
    if request.method != "POST":
        return render(request, "dispatch/logout.html")
    sign_out(request)
    return HttpResponseRedirect("/dashboard/login/", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Act.KEEP_ACCOUNT)
def account(request: CrewRequest) -> HttpResponse:
    if request.method != "POST":
        return account_page(request)
    form = _account_form(request, request.POST)
    if not form.is_valid():
        said = "Please look at the fields marked below; nothing was saved yet."
        return account_page(request, said=said, status=422, form=form)
    try:
        _save_account(request, form)
    except roster.MemberConflict as conflict:
        said = f"{conflict} Nothing was saved yet."
        return account_page(request, said=said, status=409, form=form.again(conflict))
    except StoreUnavailable:
        said = UNSURE_WHICH if form.cleaned_data["new_password"] else UNSURE
        return account_page(request, said=said, status=503, form=form)
    messages.success(request, "Saved.")
    return HttpResponseRedirect("/dashboard/account/", status=303)


@post_only("account")
@crew_only(Act.KEEP_ACCOUNT)
def own_days(request: CrewRequest) -> HttpResponse:
    form = days_form(request, request.POST)
    status, said = set_days(request, request.user.username, form)
    if status != 303:
        return account_page(request, said=said, status=status, off_form=form)
    messages.success(request, said)
    return HttpResponseRedirect("/dashboard/account/#off", status=303)


@post_only("account")
@crew_only(Act.KEEP_ACCOUNT)
def sign_out_everywhere(request: CrewRequest) -> HttpResponse:
    """This session ends too: its cookie is like all others."""
    roster.sign_out_everywhere(request.business, request.user.username)
    auth.logout(request)
    return HttpResponseRedirect("/dashboard/login/", status=303)


def account_page(
    request: CrewRequest,
    *,
    said: str = "",
    status: int = 200,
    form: AccountForm | None = None,
    off_form: DaysForm | None = None,
) -> HttpResponse:
    member, business = request.user.member, request.business
    context = {
        "said": said,
        "form": form or _account_form(request),
        "off_form": off_form or days_form(request),
        "off": days_off(member, business, business.today(wiring.now())),
    }
    return render(request, "dispatch/account.html", context, status=status)


def _account_form(request: CrewRequest, data: Mapping[str, Any] | None = None) -> AccountForm:
    return AccountForm(data, business=request.business, member=request.user.member)


def _save_account(request: CrewRequest, form: AccountForm) -> None:
    """Raises MemberConflict."""
    business, password = request.business, form.cleaned_data["new_password"]
    hashed = make_password(password) if password else ""
    member = roster.edit_member(
        business, request.user.username, form.wanted, seen=form.seen, password=hashed
    )
    if hashed:  # this session goes on; all others end
        auth.update_session_auth_hash(request, CrewUser.of(member, business.slug))
