"""What a view says of its answer, so that it can be given again without Django
(`qdn_site.answer_cache`): what it was made from, and until when the time alone changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar
from weakref import ref

from django.conf import settings
from django.core import signing
from django.http import HttpResponse
from django.utils.translation import get_language

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.jobbook import JobBook
from dispatch.domain.planning.overrides import Overrides
from dispatch.domain.roster import Roster
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.http import (
    REVISION_COOKIE,
    SiteRequest,
    is_known,
    kept_revision,
    number_in_address,
)
from dispatch.jobs import is_silent

R = TypeVar("R", bound=HttpResponse)
LOOK_AHEAD = timedelta(seconds=60)
SINCE_PARAMETER = "since"
FOR_EVER = float("inf")


class Part(NamedTuple):
    """The changing part of a page, at one moment. `html` makes it, and is called only for a browser
    that shows another one; None where that takes a request, as forms with tokens do.
    """

    etag: str
    html: Callable[[], str] | None


class Poll(Protocol):
    """What a page's script asks for again and again, with all that its requests have in common:
    whose page it is, of what, and in which language.
    """

    def now(self, revision: int, since: int, known: str) -> Part | None:
        """The part, of the jobs at that revision or a later one; None where Django is to be asked.

        The browser shows that of the revision `since` (0: none), with the ETag `known` (or empty).
        """
        ...


@dataclass(frozen=True)
class Basis:
    """What an answer was made from, beside the jobs. It is taken before the answer is made: so a
    change that comes meanwhile makes it outdated, too.
    """

    business: Business
    every_business: Sequence[Business]
    roster: Roster
    overrides: Overrides
    expires: float  # of the session, in seconds since the epoch

    @classmethod
    def of(cls, request: SiteRequest) -> "Basis | None":
        """Of a page that is the same for everybody. None where what the middleware has read before
        may have changed since.
        """
        business = wiring.as_in_file(request.business)
        try:
            roster = wiring.roster(business).read()
            overrides = wiring.overrides(business).read()
        except StoreUnavailable:
            return None
        if request.business is not business and request.business is not wiring.in_force(business):
            return None
        return cls(business, settings.BUSINESSES, roster, overrides, FOR_EVER)

    @classmethod
    def of_member(cls, request: SiteRequest) -> "Basis | None":
        """Likewise, of a page for one member. It holds as long as they are signed in, and the
        roster is the same.
        """
        basis, member = cls.of(request), request.user.member
        if basis is None or basis.roster.value(member.username) is not member:
            return None
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        return replace(basis, expires=_expiry(session))

    def holds(self, now: float) -> bool:
        """Whether all of it is the same at that moment, in seconds since the epoch. To be asked
        after the jobs have been read: it is False, too, while a storage has been silent for so long
        that pages must say so. Raises StoreUnavailable.
        """
        roster = wiring.roster(self.business)
        return (
            roster.read() is self.roster
            and wiring.overrides(self.business).read() is self.overrides
            and not is_silent(roster.age())
            and not is_silent(wiring.jobs(self.business).age())
            and now < self.expires
            and settings.BUSINESSES is self.every_business
        )


def _expiry(session: str) -> float:
    """When it ends, in seconds since the epoch; Django signs it as `value:time:signature`."""
    _value, stamp, _signature = session.rsplit(":", 2)
    return signing.b62_decode(stamp) + settings.SESSION_COOKIE_AGE


@dataclass(frozen=True)
class Page:
    """How long a whole page may be given again: before `until`, while its basis holds, and `still`
    returns True.
    """

    basis: Basis
    still: Callable[[], bool]
    until: datetime


def lasting(
    response: R,
    basis: Basis | None,
    *,
    still: Callable[[], bool],
    shown: Callable[[datetime], object],
    at: datetime,
) -> R:
    """The response, made at the moment `at`, marked as one that may be given again. `shown` says
    all that depends on the time: what the page would show at a moment if nothing else changed.
    """
    if basis and same_until(shown, at):
        until = at.replace(second=0) + LOOK_AHEAD  # it may say at which minute it was made
        response.page = Page(basis, still, until)  # type: ignore[attr-defined]
    return response


def same_until(shown: Callable[[datetime], object], at: datetime) -> datetime | None:
    """The moment a minute after `at`, where `shown` is the same from one to the other; else None.

    Only the two are compared: the time never changes a page and then changes it back, so what is
    the same at both is the same in between.
    """
    then = at + LOOK_AHEAD
    return then if shown(at) == shown(then) else None


@dataclass(frozen=True)
class Polled:
    """A poll, for as long as the basis holds on which its request was let through; the language of
    the answer, and the revision of the cookie: each request has its own in its address.
    """

    basis: Basis
    poll: Poll
    revision: int
    language: str


def polled(
    request: SiteRequest, basis: Basis | None, poll: Poll, part: Part | None = None
) -> HttpResponse:
    """The answer to a poll's request: the part (by default as the poll makes it now), or 304 where
    the browser shows it already.
    """
    if part is None:
        since = number_in_address(request, SINCE_PARAMETER)
        part = poll.now(request.revision, since, request.headers.get("If-None-Match", ""))
    assert part
    assert part.html
    if is_known(request, part.etag):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(part.html())
    response.headers["ETag"] = part.etag
    if basis:
        said = kept_revision(request, REVISION_COOKIE, request.business), get_language() or ""
        response.polled = Polled(basis, poll, *said)  # type: ignore[attr-defined]
    return response


def unchanged(business: Business, book: JobBook, revision: int) -> Callable[[], bool]:
    """A function that says whether the jobs are still those of this book. The book is not kept in
    memory by it. It raises StoreUnavailable.
    """
    known = ref(book)
    return lambda: wiring.jobs(business).read(revision) is known()
