"""Signing in without a database: Django's auth, fed from the roster."""

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.messages.storage.cookie import CookieStorage
from django.core import signing
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from dispatch import roster, wiring
from dispatch.domain.business import Business
from dispatch.domain.roster import Roster
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.http import ROSTER_COOKIE, SiteRequest, kept_revision
from dispatch.models import CrewUser
from dispatch.ratelimit import Limit, source
from dispatch.turns import in_a_thread

T = TypeVar("T")
SESSION_ID = "sid"
KEPT = 15 * 60  # seconds: for so long the last roster serves those who are signed in
SURE = 3  # seconds without word, beyond which nobody signs in by what the roster said
# Failed sign-ins. Nobody is locked out by a stranger elsewhere who guesses at their name.
BY_NAME = Limit("sign-in", most=10, seconds=300)
BY_SOURCE = Limit("sign-ins", most=60, seconds=300)


class WrongCredentials(Exception):
    """No member has this name and this password; which of the two is wrong, nobody is told."""


def last_roster(business: Business) -> Roster:
    """The last roster, for those who are signed in already. Raises StoreUnavailable."""
    repository = wiring.roster(business)
    known = repository.read()
    if repository.age() > KEPT:
        raise StoreUnavailable("The roster has been out of reach for a quarter of an hour.")
    return known


def sure_roster(business: Business) -> Roster:
    """The roster as it is now, for signing in by it. Raises StoreUnavailable."""
    repository = wiring.roster(business)
    known = repository.read()
    return known if repository.age() <= SURE else repository.refreshed()


def is_password(request: SiteRequest, username: str, password: str, hashed: str) -> bool:
    """Is it the one that is kept as this hash? Wrong ones count, wherever a password is asked.

    An unknown name, which has no hash, takes as long as a known one. Raises TooMany.
    """
    who = source(request)
    by_source = BY_SOURCE.failures(who, WrongCredentials)
    by_name = BY_NAME.failures(f"{who} {username}", WrongCredentials)
    with suppress(WrongCredentials), by_source, by_name:
        if not hashed:
            make_password(password)
        if not (hashed and check_password(password, hashed)):
            raise WrongCredentials
        return True
    return False


class OneArgon2(Argon2PasswordHasher):
    """One hash at a time: each takes 100 MiB, and every core. Six people who sign in at once wait
    less so than two by two (on two cores 0.7 s instead of 1.6), in 100 MiB less.
    """

    turn = threading.Lock()

    def encode(self, password: str, salt: str) -> str:
        return self._in_turn(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        return self._in_turn(super().verify, password, encoded)

    def _in_turn(self, hashed: Callable[[str, str], T], password: str, other: str) -> T:
        with self.turn:
            return in_a_thread(hashed, password, other)


class RosterBackend(BaseBackend):
    """Usernames and passwords of the business that the request is for."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> CrewUser | None:
        if request is None:
            return None
        asked, name = cast(SiteRequest, request), username.strip().lower()
        member = sure_roster(asked.business).value(name)
        known = member if member and member.active else None
        if is_password(asked, name, password, known.password if known else "") and known:
            return CrewUser.of(known, asked.business.slug)
        return None

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

    def __init__(self, get_response: Callable[[SiteRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        request.user = cast(CrewUser, SimpleLazyObject(lambda: _signed_in(request)))
        return self.get_response(request)


def _signed_in(request: SiteRequest) -> CrewUser | AnonymousUser:
    if seen := kept_revision(request, ROSTER_COOKIE, request.business):
        wiring.roster(request.business).read(seen)  # a new password, say, by another process
    user = auth.get_user(request)
    if not isinstance(user, CrewUser):
        return AnonymousUser()
    elsewhere = user.business_slug != request.business.slug
    if elsewhere or user.member.has_left(request.session.get(SESSION_ID, "")):
        return AnonymousUser()
    return user


def sign_out(request: SiteRequest) -> None:
    """End this session, in every browser that has its cookie. Raises StoreUnavailable."""
    at = wiring.now()
    session = request.session.get(SESSION_ID, "")
    until = at + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    roster.change_member(
        request.business,
        request.user.username,
        lambda member: member.signed_out_of(session, until, at),
    )
    auth.logout(request)


class BusinessCookieStorage(CookieStorage):
    """Messages for the next page; their cookie is worth nothing at another business."""

    def __init__(self, request: SiteRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.signer = signing.get_cookie_signer(salt=f"{self.key_salt}:{request.business.slug}")
