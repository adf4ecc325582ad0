"""Signing in and out, and the member's own account."""

from functools import partial
from typing import Any, cast

from django.contrib import auth, messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.hashers import make_password
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dispatch import roster, wiring
from dispatch.accounts import is_password, sign_out
from dispatch.calendar.month import days_off
from dispatch.domain.permissions import Permission, Rank
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import LOOK_BELOW, UNSURE, explain
from dispatch.forms.account import AccountForm, SignInForm
from dispatch.http import UNSENT, SiteRequest, crew_only, given_back, post_only, see_other
from dispatch.models import CrewUser
from dispatch.views.crew.days import days_form, set_days

# A new password ends the session, also where its answer was lost.
UNSURE_WHICH = gettext_lazy(
    "We cannot reach our records right now, so we do not know yet whether this was saved."
    " Please try again in a minute. If you are asked to sign in then, the new password is set;"
    " if not, type both passwords once more."
)


class SignIn(LoginView):
    template_name = "dispatch/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post"]

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """The page that `next` names; neither this one, which would go round for ever, nor the
        one that signs out.
        """
        url: str = super().get_redirect_url()
        return "" if url.startswith((self.request.path, reverse("logout"))) else url

    def get_default_redirect_url(self) -> str:
        """The crew's own day; the board of others."""
        is_crew = cast(SiteRequest, self.request).user.rank is Rank.CREW
        return reverse("day") if is_crew else super().get_default_redirect_url()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who has signed in meanwhile, in another tab, gets back what this page carries."""
        asked = cast(SiteRequest, request)
        if request.method == "POST" and asked.user.is_authenticated:
            return given_back(asked) or super().dispatch(request, *args, **kwargs)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(request, *args, **kwargs)
        except StoreUnavailable:
            # Not bound: checking it once more would only ask the roster again.
            typed = {"username": request.POST.get("username", "")}
            form = self.authentication_form(request, initial=typed)
            context = self.get_context_data(form=form, silent=True)
            return render(request, self.template_name, context, status=503)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {UNSENT: self.request.POST.get(UNSENT, "")}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        return given_back(cast(SiteRequest, self.request)) or response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return response


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.KEEP_ACCOUNT)
def leave(request: SiteRequest) -> HttpResponse:
    """POST signs out; GET asks."""
    if request.method != "POST":
        return render(request, "dispatch/logout.html")
    sign_out(request)
    return see_other("login")


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.KEEP_ACCOUNT)
def account(request: SiteRequest) -> HttpResponse:
    if request.method != "POST":
        return _account_page(request)
    business, member = request.business, request.user.member
    right = partial(is_password, request, member.username, hashed=member.password)
    form = AccountForm(request.POST, business=business, member=member, is_password=right)
    if not form.is_valid():
        return _account_page(request, 422, str(LOOK_BELOW), form=form)
    password = form.cleaned_data["new_password"]
    hashed = make_password(password) if password else ""
    try:
        member = roster.edit_member(
            *(business, member.username, form.wanted), seen=form.seen, password=hashed
        )
    except roster.MemberConflict as error:
        words = " ".join((explain(error, business), _("Nothing was saved yet.")))
        return _account_page(request, 409, words, form=form.again(error))
    except StoreUnavailable:
        return _account_page(request, 503, str(UNSURE_WHICH if password else UNSURE), form=form)
    if hashed:  # this session goes on; all others end
        auth.update_session_auth_hash(request, CrewUser.of(member, business.slug))
    messages.success(request, _("Saved."))
    return see_other("account")


@post_only("account")
@crew_only(Permission.KEEP_ACCOUNT)
def own_days(request: SiteRequest) -> HttpResponse:
    form = days_form(request, request.POST)
    status, said = set_days(request, request.user.username, form)
    if status != 303:
        return _account_page(request, status, said, off_form=form)
    messages.success(request, said)
    return see_other("account", anchor="off")


@post_only("account")
@crew_only(Permission.KEEP_ACCOUNT)
def sign_out_everywhere(request: SiteRequest) -> HttpResponse:
    """This session ends too: its cookie is like all others."""
    roster.sign_out_everywhere(request.business, request.user.username)
    auth.logout(request)
    return see_other("login")


@post_only("account")
@crew_only(Permission.KEEP_ACCOUNT)
@never_cache
def own_calendar(request: SiteRequest) -> HttpResponse:
    """`do`: `renew` the link, of which the page shows the new one this once, or `remove` it."""
    do, who = request.POST.get("do"), (request.business, request.user.username)
    if do == "renew":
        secret = roster.renew_calendar(*who)
        link = request.build_absolute_uri(reverse("calendar", args=[secret]))
        return _account_page(request, has_calendar=True, calendar_link=link)
    if do != "remove":
        return _account_page(request, 422, _("Say what is to be done."))
    roster.end_calendar(*who)
    messages.success(request, _("The calendar link is gone; programs that had it find nothing."))
    return see_other("account", anchor="calendar")


def _account_page(
    request: SiteRequest, status: int = 200, said: str = "", **more: Any
) -> HttpResponse:
    """`more` are forms that keep what was typed, and a new link of the calendar."""
    member, business = request.user.member, request.business
    context = {
        "said": said,
        "form": AccountForm(business=business, member=member),
        "off_form": days_form(request),
        "off": days_off(member, business, business.today(wiring.now())),
        "has_calendar": bool(member.calendar),
    } | more
    return render(request, "dispatch/account.html", context, status=status)
