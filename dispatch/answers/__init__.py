"""What a view says of its answer, so that the next of its kind can be given without Django
(`qdn_site.answer_cache`): what it was made of, and until when the time alone changes nothing.
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
from dispatch.http import REVISION_COOKIE, SiteRequest, is_known, kept_revision
from dispatch.jobs import is_silent

R = TypeVar("R", bound=HttpResponse)
LOOK_AHEAD = timedelta(seconds=60)
SINCE_PARAMETER = "since"
FOR_EVER = float("inf")


class Part(NamedTuple):
    """The changing part of a page at one moment; its HTML is made only where it is asked for. None
    where that takes a request, as forms with tokens do.
    """

    etag: str
    html: Callable[[], str] | None


class Poll(Protocol):
    """What a page's script asks again and again, and all that its requests have in common: also the
    language, whichever is active.
    """

    def now(self, revision: int, since: int, known: str) -> Part | None:
        """The part as jobs of that revision at least make it. The asker has that of the revision
        `since` (0: none) with the ETag `known`. None where Django is to be asked.
        """
        ...


@dataclass(frozen=True)
class Basis:
    """What an answer goes by beside the jobs. It is taken before the answer is made: what comes
    meanwhile makes this one outdated.
    """

    business: Business
    every_business: Sequence[Business]
    roster: Roster
    overrides: Overrides
    expires: float  # of the session, in seconds since the epoch

    @classmethod
    def of(cls, request: SiteRequest) -> "Basis | None":
        """Of a page that is everybody's. None where it is not certain that the middleware went by
        the same.
        """
        business = wiring.as_in_file(request.business)
        try:
            roster = wiring.roster(business).read()
            overrides = wiring.overrides(business).read()
        except StoreUnavailable:
            return None
        same = (business, wiring.in_force(business))
        is_same = any(request.business is each for each in same)
        found = cls(business, settings.BUSINESSES, roster, overrides, FOR_EVER)
        return found if is_same else None

    @classmethod
    def of_member(cls, request: SiteRequest) -> "Basis | None":
        """Likewise, of a page for who is signed in: only while they are, and may do the same."""
        basis, member = cls.of(request), request.user.member
        if basis is None or basis.roster.value(member.username) is not member:
            return None
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        return replace(basis, expires=_expiry(session))

    def holds(self, now: float) -> bool:
        """To be asked once the jobs have been read: False also while a storage is silent, as pages
        must say so. Raises StoreUnavailable.
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
    """As Django's signer has written it: `value:time:signature`."""
    _value, stamp, _signature = session.rsplit(":", 2)
    return signing.b62_decode(stamp) + settings.SESSION_COOKIE_AGE


@dataclass(frozen=True)
class Page:
    """How long a whole page may be given again: while its basis holds, `still` says so, and until
    then.
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
    """The response, made at that moment, as one that may be given again while `shown` is the same.

    What depends on the time goes one way: what is the same now and a minute later is so meanwhile.
    But a page may say at which minute it was made.
    """
    if basis and shown(at) == shown(at + LOOK_AHEAD):
        until = at.replace(second=0) + LOOK_AHEAD
        response.page = Page(basis, still, until)  # type: ignore[attr-defined]
    return response


@dataclass(frozen=True)
class Polled:
    """A poll, with what its requests were verified by, and the language of its answers; `revision`
    is their cookie's, as each says its own in its address.
    """

    basis: Basis
    poll: Poll
    revision: int
    language: str


def polled(
    request: SiteRequest, basis: Basis | None, poll: Poll, part: Part | None = None
) -> HttpResponse:
    """The answer to a poll: the part, by default as the poll makes it, or 304 where the asker has
    it.
    """
    if part is None:
        asked = request.GET.get(SINCE_PARAMETER, "")
        since = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else 0
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
    """Whether all jobs are still the same. It keeps no old ones in memory."""
    known = ref(book)
    return lambda: wiring.jobs(business).read(revision) is known()
