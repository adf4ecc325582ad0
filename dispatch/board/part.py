"""The board's changing part, for a browser that asks again and again."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from django.template import Template
from django.template.loader import render_to_string
from django.utils.translation import override

from dispatch import jobs, wiring
from dispatch.answers import Part
from dispatch.board.card import Reader, template_of
from dispatch.board.delta import Delta
from dispatch.board.facts import Known
from dispatch.board.filters import Filters
from dispatch.board.page import Board, Layout
from dispatch.board.shown import Shown
from dispatch.domain.business import Business
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Roster

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
KEPT = timedelta(minutes=3)  # hidden pages ask once a minute
MOST = 2_000  # boards that browsers show
MOST_SHOWN = 500  # kinds of readers and filters: of 2,000 jobs one takes up to 0.7 MB


class Recent(Generic[K, V]):
    """What was asked for lately, by its key. What nobody asks for is forgotten: it would hold jobs
    and crew of long ago.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[K, tuple[V, datetime]] = {}
        self._lock = threading.Lock()

    def get(self, key: K, at: datetime) -> V | None:
        with self._lock:
            known = self._known.pop(key, None)
            if known is None:
                return None
            self._known[key] = known[0], at
            return known[0]

    def put(self, key: K, value: V, at: datetime) -> V:
        """In place of an older one, or as a new one."""
        with self._lock:
            self._known[key] = value, at
            while True:
                oldest = next(iter(self._known))
                if len(self._known) <= self._most and at - self._known[oldest][1] <= KEPT:
                    return value
                del self._known[oldest]


# Member, filters, language, and the template that tells a release from the next.
BoardKey = tuple[str, Filters, str, Template]


class Moment(NamedTuple):
    """What is known of a business's jobs, and the boards that were made of that: they go with it,
    as they would hold jobs of long ago for whoever has gone.
    """

    known: Known
    boards: dict[BoardKey, Board]


_moments: dict[str, Moment] = {}  # by the business's slug
_shown = Recent[tuple[str, Reader, Filters, Template], Shown](MOST_SHOWN)
_layouts = Recent[str, Layout](MOST)  # by the ETags that browsers say


@dataclass(frozen=True)
class BoardPart:
    """One member's board in one language, asked for again and again."""

    business: Business
    username: str
    filters: Filters
    language: str
    # Found once, as all that is given again is asked for anew once a release shows.
    template: Template = field(default_factory=lambda: template_of("_card.html"))

    def now(self, revision: int = 0, since: int = 0, known: str = "") -> Part:
        """As it is at this moment, never older than `revision`; for a browser that shows the part
        with the ETag `known`, and takes in what has changed `since` its revision.

        Raises StoreUnavailable; MemberNotFound where the member is not on the roster.
        """
        board = self.board(revision)
        before = _layouts.get(known.removeprefix("W/"), wiring.now())
        is_shown = before is not None and before.revision == since
        return Part(board.etag, lambda: self._html(board, before if is_shown else None))

    def _html(self, board: Board, before: Layout | None) -> str:
        """What has changed since it was like that; all of it where nothing is gained by that."""
        with override(self.language):
            if before and (delta := Delta(before, board)).is_small:
                return delta.html
            return render_to_string("dispatch/_board.html", {"board": board})

    def board(self, revision: int = 0) -> Board:
        """The very same for as long as all that it shows is the same."""
        business = wiring.in_force(self.business)
        repository, roster = wiring.jobs(business), wiring.roster(business).read()
        book, at, age = repository.read(revision), wiring.now(), repository.age()
        damaged, is_silent = repository.damaged_months, jobs.is_silent(age)
        key = self.username, self.filters, self.language, self.template
        known, boards = _moment(business, roster, book, at)
        last = boards.get(key)
        is_same = last and (last.damaged, last.out_of_reach) == (damaged, is_silent)
        if last and is_same and not last.shown.reads_archive:
            return last
        member = roster.member(self.username)
        with override(self.language):
            reader = Reader.of(member.actor, business, self.language)
            shown = _shown_of(known, reader, self.filters, self.template)
            board = Board(shown, member, at, age, damaged, is_silent)
            _layouts.put(board.etag.removeprefix("W/"), board.layout, at)
        if len(boards) == MOST:
            boards.clear()
        boards[key] = board
        return board


def _moment(business: Business, roster: Roster, book: JobBook, at: datetime) -> Moment:
    """The last, where all is as it was."""
    last = _moments.get(business.slug)
    known = (
        last.known.next(business, roster, book, at)
        if last
        else Known.of(business, roster, book, at)
    )
    if last is None or known is not last.known:
        last = _moments[business.slug] = Moment(known, {})
    return last


def _shown_of(known: Known, reader: Reader, filters: Filters, template: Template) -> Shown:
    """The same for all readers of one kind."""
    key = known.business.slug, reader, filters, template
    last = _shown.get(key, known.since)
    shown = last.next(known) if last else Shown.of(known, reader, filters, template)
    return _shown.put(key, shown, known.since)
