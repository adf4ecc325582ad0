"""Signing in without a database: Django's auth, fed from the roster."""

import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import gevent
import gevent.monkey
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject

from dispatch import crewing, wiring
from dispatch.domain.business import Business
from dispatch.domain.crew import Roster
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.ranks import Act, refusal
from dispatch.models import CrewUser
from dispatch.seen import remember_roster, roster_revision_seen
from dispatch.throttle import Limit, source

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[Concatenate["CrewRequest", P], HttpResponseBase]
SESSION_ID = "sid"
KEPT = 15 * 60  # seconds: for so long the last roster serves those who are signed in
SURE = 3  # seconds without word, beyond which nobody signs in by what the roster said
# Failed sign-ins. Nobody is locked out by a stranger elsewhere who guesses at their name.
BY_NAME = Limit("sign-in", most=10, seconds=300)
BY_SOURCE = Limit("sign-ins", most=60, seconds=300)


class RosterSilent(StoreUnavailable):
    """The roster cannot be read, and what is known of it is too old for this."""


class WrongCredentials(Exception):
    """No member has this name and this password; which of the two is wrong, nobody is told."""


def last_roster(business: Business) -> Roster:
    """Who is signed in goes on by the last roster for a while. Raises StoreUnavailable."""
    repository = wiring.roster(business)
    roster = repository.read()
    if repository.age() > KEPT:
        raise RosterSilent("The roster has been out of reach for a quarter of an hour.")
    return roster


def sure_roster(business: Business) -> Roster:
    """The roster as it is now, for signing in by it. Raises StoreUnavailable."""
    repository = wiring.roster(business)
    roster = repository.read()
    if repository.age() > SURE:
        roster = repository.refreshed()
    if repository.age() > SURE:
        raise RosterSilent("The roster is out of reach: nobody can sign in.")
    return roster


class BoundedArgon2(Argon2PasswordHasher):
    """At most two hashes at once: each takes 100 MiB and up to 100 ms."""

    turns = threading.BoundedSemaphore(2)

    def encode(self, password: str, salt: str) -> str:
        return self._in_turn(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return self._in_turn(super().verify, password, encoded)

    def _in_turn(self, hashed: Callable[[str, str], T], password: str, other: str) -> T:
        with self.turns:
            if gevent.monkey.is_module_patched("threading"):
                # In gunicorn's worker all requests share this thread: hash in another one.
                pool = gevent.get_hub().threadpool
                return pool.apply(hashed, (password, other))  # type: ignore[no-any-return]
            return hashed(password, other)


class CrewRequest(HttpRequest):
    """A request of a signed-in crew member; made so by `crew_only`."""

    business: Business
    user: CrewUser


class RosterBackend(BaseBackend):
    """Usernames and passwords of the business that the request is for."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> CrewUser | None:
        if request is None:
            return None
        business: Business = request.business  # type: ignore[attr-defined]
        who, name = source(request), username.strip().lower()
        by_source = BY_SOURCE.failures(who, WrongCredentials)
        by_name = BY_NAME.failures(f"{who} {name}", WrongCredentials)
        try:
            with by_source, by_name:
                return self._checked(business, name, password)
        except WrongCredentials:
            return None

    def _checked(self, business: Business, username: str, password: str) -> CrewUser:
        member = sure_roster(business).value(username)
        if member is None or not member.active or not member.password:
            make_password(password)  # an unknown name takes as long as a known one
            raise WrongCredentials
        if not check_password(password, member.password):
            raise WrongCredentials
        return CrewUser.of(member, business.slug)

    def get_user(self, user_id: str) -> CrewUser | None:
        slug, _, username = str(user_id).partition(":")
        business = next((each for each in settings.BUSINESSES if each.slug == slug), None)
        member = last_roster(business).value(username) if business else None
        return CrewUser.of(member, slug) if member and member.active else None


@receiver(user_logged_in)
def name_the_session(request: HttpRequest, **_: Any) -> None:
    """Each session has a name of its own, so that signing out ends copies of its cookie too."""
    request.session[SESSION_ID] = secrets.token_urlsafe(12)


class CrewMiddleware:
    """`request.user`: the member, if this session is theirs, still open, and of this business."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: _signed_in(request))  # type: ignore[assignment]
        return self.get_response(request)


def _signed_in(request: HttpRequest) -> CrewUser | AnonymousUser:
    if seen := roster_revision_seen(request):  # a new password, say, that another process saved
        wiring.roster(request.business).read(seen)  # type: ignore[attr-defined]
    user = auth.get_user(request)
    if not isinstance(user, CrewUser):
        return AnonymousUser()
    elsewhere = user.business_slug != request.business.slug  # type: ignore[attr-defined]
    if elsewhere or user.member.has_left(request.session.get(SESSION_ID, "")):
        return AnonymousUser()
    return user


def sign_out(request: CrewRequest) -> None:
    """End this session, in every browser that has its cookie. Raises StoreUnavailable."""
    at = wiring.now()
    session = request.session.get(SESSION_ID, "")
    until = at + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    crewing.change_member(
        request.business,
        request.user.username,
        lambda member: member.signed_out_of(session, until, at),
    )
    auth.logout(request)


def crew_only(
    act: Act, *, poll: bool = False
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """A view for those who may; strangers sign in (401 for a poll, which cannot), others get 403.

    Its answers are for this member alone: no shared cache keeps them.
    """

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user: Any = request.user
            if not user.is_authenticated:
                if poll or is_fetch(request):
                    return HttpResponse("Please sign in.", status=401, content_type="text/plain")
                # A form's own address is no page to come back to.
                safe = request.method in ("GET", "HEAD")
                return redirect_to_login(
                    request.get_full_path() if safe else settings.LOGIN_REDIRECT_URL
                )
            if words := refusal(user.rank, act):
                raise PermissionDenied(words)
            response = view(request, *args, **kwargs)  # type: ignore[arg-type]
            patch_cache_control(response, private=True, no_cache=True)
            if request.method == "POST":
                roster = wiring.roster(request.business).read()  # type: ignore[attr-defined]
                remember_roster(request, response, roster.revision)
            return response

        return guarded

    return decorate


def is_fetch(request: HttpRequest) -> bool:
    """Asked for by a page's script, which wants the changing part alone."""
    return request.headers.get("X-Requested-With") == "fetch"
