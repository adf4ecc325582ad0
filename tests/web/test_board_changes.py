"""What a poll carries for a browser that says what it shows: applied to that, it is the board."""

import dataclasses
import gc
import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from html import unescape
from random import Random
from typing import Any
from weakref import ref

import pytest
from django.template.loader import render_to_string
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from dispatch import wiring
from dispatch.board import part as parts
from dispatch.board.card import Card, _rendered
from dispatch.board.changes import Changes, changes
from dispatch.board.facts import Known
from dispatch.board.filters import Filters
from dispatch.board.page import Board
from dispatch.board.part import BoardPart
from dispatch.board.shown import Shown as Shown_
from dispatch.domain.job import Crew, Event, Job, MessageIn, OnMyWay, Request, Window
from dispatch.domain.status import Status
from dispatch.roster import change_member
from dispatch.stores.job_repository import JobRepository
from dispatch.templatetags.formats import moment, money
from tests.making import BUSINESS, NOON, FakeClock, make_job, seconds
from tests.stores.troubled import InMemory
from tests.web.pages import text, words

ITEM = re.compile(r'<li\s[^>]*?data-id="([^"]*)"')
COUNTS = re.compile(r'<span class="count">.*?</span>|<summary>.*?</summary>')
COLUMN = re.compile(
    r'<section\s+class="column[^>]*data-status="(\w+)"[^>]*>(.*?)</section>', re.DOTALL
)
MORNING = "morning", "08:00", "12:00"
SATURDAY = Window(NOON.date() + timedelta(days=1), *MORNING)


# --- lists ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    id: str
    etag: str

    @property
    def html(self) -> str:
        return f"{self.id} {self.etag}"


def applied(before: list[Item], what: Changes) -> list[Item]:
    come = {item.id for run in what.runs for item in run.items}
    assert not come & {*what.gone}
    now = [item for item in before if item.id not in come and item.id not in what.gone]
    for run in what.runs:
        place = [item.id for item in now].index(run.after) + 1 if run.after else 0
        now[place:place] = run.items
    return now


LISTS = st.lists(
    st.builds(Item, st.sampled_from("abcdefgh"), st.sampled_from("12")), unique_by=lambda it: it.id
)


@given(LISTS, LISTS)
def test_changes_lead_from_any_list_to_any_other(before: list[Item], now: list[Item]) -> None:
    assert applied(before, changes(before, now)) == now


@given(LISTS, st.integers(0, 8), st.integers(0, 8))
def test_who_moves_is_all_that_is_sent(items: list[Item], start: int, end: int) -> None:
    moved = items.copy()
    if moved:
        moved.insert(end % len(items), moved.pop(start % len(items)))
    what = changes(items, moved)
    assert sum(len(run.items) for run in what.runs) <= 1
    assert not what.gone


# --- boards -----------------------------------------------------------------------------


@dataclass
class Shown:
    """What a browser shows: in each list the items, by their id and their markup."""

    lists: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    notices: str = ""

    def take(self, html: str) -> None:
        """As board.js does."""
        is_part = "data-changes" in html.partition(">")[0]
        self.notices = "".join(re.findall(r'<div class="notice.*?</div>', html, re.DOTALL))
        attention = re.search(r'<div class="attention".*?</div>', html, re.DOTALL)
        if attention and not attention[0].startswith('<div class="attention" data-changes'):
            self.lists.pop("folded", None)
            self.lists |= {"pressing": []}
        if attention:
            for name, found in zip(
                ("pressing", "folded"),
                re.findall(r"<ul>(.*?)</ul>", attention[0], re.DOTALL),
                strict=False,
            ):
                self._merge(name, found)
            counts = re.findall(
                r'<span class="count">.*?</span>|<summary>.*?</summary>', attention[0]
            )
            self.headings["attention"] = "".join(counts)
        for status, column in re.findall(
            r'<section\s+class="column[^>]*data-status="(\w+)"[^>]*>(.*?)</section>',
            html,
            re.DOTALL,
        ):
            if heading := re.search(r"<h2.*?</h2>", column, re.DOTALL):
                self.headings[status] = heading[0]
            cards = re.search(r'<ol class="cards">(.*?)</ol>', column, re.DOTALL)
            assert cards
            if not is_part:
                self.lists[status] = []
            self._merge(status, cards[1])

    def _merge(self, name: str, html: str) -> None:
        shown, place = self.lists.setdefault(name, []), 0
        for item in re.findall(r"<li\b.*?</li>", html, re.DOTALL):
            found = ITEM.match(item)
            assert found, item
            ids = [item_id for item_id, _ in shown]
            if item.startswith('<li class="after"'):
                place = ids.index(found[1]) + 1 if found[1] else 0
                continue
            if found[1] in ids:
                gone = ids.index(found[1])
                del shown[gone]
                place -= gone < place
            if not item.startswith('<li class="gone"'):
                shown.insert(place, (found[1], item.strip()))
                place += 1


class Chance:
    """Changes of any kind, the same for the same seed."""

    def __init__(self, seed: int, clock: FakeClock, jobs: JobRepository) -> None:
        self.random, self.clock, self.jobs, self.made = Random(seed), clock, jobs, 0

    def change(self) -> None:
        {
            "time": self.time,
            "new": self.new,
            "gone": self.gone,
            "name": self.name,
            "job": self.job,
        }[self.random.choices(("time", "new", "gone", "name", "job"), (3, 4, 1, 1, 8))[0]]()

    def time(self) -> None:
        self.clock.tick(self.random.choice([1, 59, 3600, 7201, 4 * 3600, 13 * 3600, 25 * 3600]))

    def name(self) -> None:
        name = f"Joel {self.random.random()}"
        change_member(BUSINESS, "joel", lambda member: replace(member, name=name))

    def new(self) -> None:
        at = self.clock.now()
        window = Window(BUSINESS.today(at), *MORNING)
        created = (Event(at=at, by="customer", what="created"),)
        sent = {"request": Request(key="k", digest="d", source="robot"), "history": created}
        full = {"status": Status.BOOKED, "window": window, "crew": Crew(driver="joel")}
        for fields in self.random.choice([[self.fields()]] * 6 + [[sent] * 9, [full] * 4]):
            self.made += 1
            made = make_job(id=f"job{self.made}", tracking_token="", created_at=at)
            self.put(replace(made, **fields))

    def gone(self) -> None:
        if self.jobs.read().jobs:
            gone = {self.random.choice(self.jobs.read().jobs).id}
            self.jobs.change(lambda book: book.without(gone))

    def job(self) -> None:
        if self.jobs.read().jobs:
            self.put(replace(self.random.choice(self.jobs.read().jobs), **self.fields()))

    def put(self, job: Job) -> None:
        self.jobs.change(lambda book: book.put(job))

    def fields(self) -> dict[str, Any]:
        any_of, at = self.random.choice, self.clock.now()
        status, today = any_of(list(Status)), BUSINESS.today(at)
        failed = Event(at=at, by="joel", from_=status, to=status, reason="no_access: dog")
        created = Event(at=at, by="customer", what="created")
        windows = [Window(today + timedelta(days), *MORNING) for days in (-1, 0, 0, 1)]
        every = {
            "customer_name": any_of(["Ann", "Bob <b>", "Zoë & “Co”"]),
            "window": any_of([None, *windows]),
            "crew": Crew(driver=any_of([None, "joel", "joel", "ana"])),
            "history": any_of([(), (created,), (created, failed), (failed,)]),
            "messages_in": any_of([(), (MessageIn(id="m", at=at, text="Hello"),)]),
            "price": any_of([Decimal(1), Decimal("2.50")]),
            "request": any_of([UNSET, Request(key="k", digest="d", source="robot")]),
            "on_my_way": any_of([None, OnMyWay(at=at, by="joel")]),
        }
        some = self.random.sample(sorted(every), 4)
        finished = {"finished_at": None if status.is_open else at}
        return {name: every[name] for name in some} | {"status": status} | finished


READERS = [
    *[(who, Filters()) for who in ("dana", "joel", "vic")],
    *[("dana", Filters(q="ann")), ("dana", Filters(crew="joel")), ("joel", Filters(crew="-"))],
    *[("dana", Filters(date=day)) for day in ("2026-05-21", "2026-05-22", "2026-05-23", "x")],
]


@pytest.mark.parametrize("seed", range(12))
def test_what_polls_carry_adds_up_to_the_board_as_it_is(
    dana: Client, jobs: JobRepository, clock: FakeClock, seed: int
) -> None:
    """Whoever looks, whatever changes, however long since they asked."""
    chance, shown = Chance(seed, clock, jobs), {reader: Shown() for reader in READERS}
    known = dict.fromkeys(READERS, (0, ""))
    for _ in range(40):
        chance.change()
        for reader in chance.random.sample(READERS, 3):
            asked = BoardPart(BUSINESS, *reader, "en")
            part, board = asked.now(0, *known[reader]), asked.board()
            if part.etag != known[reader][1]:
                shown[reader].take(part.html())
                known[reader] = board.book.revision, part.etag
            assert shown[reader] == whole(board)


def whole(board: Board) -> Shown:
    """A board that was put together from nothing shows this."""
    known = Known.of(board.business, board.roster, board.book, wiring.now())
    cards = board.shown.cards
    shown = Shown_.of(known, cards.reader, board.filters, cards.template)
    fresh = dataclasses.replace(board, shown=shown, at=wiring.now())
    found = Shown()
    found.take(render_to_string("dispatch/_board.html", {"board": fresh}))
    return found


# --- polls ------------------------------------------------------------------------------


def poll(client: Client, before: Any, **query: str) -> Any:
    """As a browser asks that shows this answer, or page."""
    since = text(before).split('data-revision="')[1].split('"')[0]
    etag = before.headers.get("ETag") or unescape(
        text(before).split('data-etag="')[1].split('"')[0]
    )
    return client.get(BOARD, query | {"since": since}, headers={"If-None-Match": etag})


BOARD = "/dashboard/board"


def three(jobs: JobRepository) -> list[Job]:
    made = [
        make_job(id=f"job{n}", tracking_token="", window=SATURDAY, created_at=NOON + seconds(n))
        for n in range(3)
    ]
    jobs.change(lambda book: book.put(*made))
    return made


def carried(answer: Any) -> list[str]:
    """The ids of the cards in it."""
    return [part.split('"')[0] for part in text(answer).split(' id="job-')[1:]]


@pytest.mark.parametrize("start", [BOARD, "/dashboard/"])
def test_a_poll_carries_the_changed_card_and_the_sums_alone(
    dana: Client, jobs: JobRepository, start: str
) -> None:
    _, second, _ = three(jobs)
    before = dana.get(start)
    jobs.change(lambda book: book.changed(replace(second, price=Decimal(7)), NOON))
    answer = poll(dana, before)
    assert carried(answer) == ["job1"]
    assert "Requested" in words(answer)
    assert "$1,207" in words(answer)
    assert "column-booked" not in text(answer)
    assert 'class="attention"' not in text(answer)
    again = poll(dana, answer)
    assert (again.status_code, again.content) == (304, b"")


def test_who_says_not_what_they_show_is_given_the_whole(dana: Client, jobs: JobRepository) -> None:
    """Nor who says it of another revision, or asks as pages of earlier releases do."""
    first, *_ = three(jobs)
    before = dana.get(BOARD)
    jobs.change(lambda book: book.changed(replace(first, truck="T1"), NOON))
    etag = before.headers["ETag"]
    for query, known in [({"since": "1"}, 'W/"else"'), ({"since": "99"}, etag), ({}, etag)]:
        answer = dana.get(BOARD, query, headers={"If-None-Match": known})
        assert carried(answer) == ["job0", "job1", "job2"]
        assert answer.headers["ETag"] != etag


def test_after_a_restart_a_board_that_is_the_same_is_304_and_another_whole(
    dana: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = three(jobs)
    before = dana.get(BOARD)
    for name in ("_shown", "_layouts"):
        monkeypatch.setattr(parts, name, parts.Recent(2))
    monkeypatch.setattr(parts, "_moments", {})
    assert poll(dana, before).status_code == 304
    monkeypatch.setattr(parts, "_moments", {})
    monkeypatch.setattr(parts, "_layouts", parts.Recent(2))
    jobs.change(lambda book: book.changed(replace(first, truck="T1"), NOON))
    assert carried(poll(dana, before)) == ["job0", "job1", "job2"]


def test_a_board_that_nobody_asks_for_any_more_goes_with_the_jobs_it_was_made_of(
    dana: Client, jobs: JobRepository
) -> None:
    first, *_ = three(jobs)
    closed = ref(BoardPart(BUSINESS, "dana", Filters(), "en").board())
    assert closed() is BoardPart(BUSINESS, "dana", Filters(), "en").board()
    jobs.change(lambda book: book.changed(replace(first, truck="T1"), NOON))
    BoardPart(BUSINESS, "vic", Filters(), "en").board()
    gc.collect()
    assert closed() is None


def test_what_was_asked_for_longest_ago_is_forgotten_first() -> None:
    recent = parts.Recent[str, int](2)
    recent.put("one", 1, NOON)
    recent.put("two", 2, NOON)
    assert recent.get("one", NOON) == 1
    recent.put("three", 3, NOON)
    assert [recent.get(name, NOON) for name in ("one", "two", "three")] == [1, None, 3]
    recent.put("four", 4, NOON + parts.KEPT + timedelta(seconds=1))
    assert [recent.get(name, NOON) for name in ("one", "three", "four")] == [None, None, 4]


def test_an_entry_that_somebody_has_broken_by_hand_is_told(
    dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    """Who edits the file leaves its revision and its time as they are."""
    three(jobs)
    before = dana.get(BOARD)
    stored = jobs.store.inner.load()
    body = stored.body.replace(b'"jobs":[', b'"jobs":[{"id":7},', 1)
    jobs.store.inner.save(body, stored.etag)
    clock.tick(3)
    answer = poll(dana, before)
    assert answer.status_code == 200
    assert "cannot be read" in words(answer)


def test_two_tabs_are_told_each_of_what_it_lacks(dana: Client, jobs: JobRepository) -> None:
    first, second, _ = three(jobs)
    one = other = dana.get(BOARD)
    jobs.change(lambda book: book.changed(replace(first, truck="T1"), NOON))
    one = poll(dana, one)
    jobs.change(lambda book: book.changed(replace(second, truck="T1"), NOON))
    assert carried(one) == ["job0"]
    assert carried(poll(dana, one)) == ["job1"]
    assert carried(poll(dana, other)) == ["job0", "job1"]


def test_after_a_quiet_time_a_poll_still_carries_the_changed_card_alone(
    dana: Client, vic: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """While others come and go, a page that asks is not forgotten."""
    first, *_ = three(jobs)
    before = dana.get(BOARD)
    for minute in range(10):
        clock.tick(60)
        vic.get(BOARD, {"q": f"mark {minute}"})
        assert poll(dana, before).status_code == 304
    jobs.change(lambda book: book.changed(replace(first, truck="T1"), clock.now()))
    assert carried(poll(dana, before)) == ["job0"]


def test_the_time_alone_makes_a_card_late(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """And with it the list above the columns."""
    first, *_ = three(jobs)
    jobs.change(lambda book: book.put(replace(first, window=Window(NOON.date(), *MORNING))))
    before = dana.get(BOARD)
    clock.tick(1)
    answer = poll(dana, before)
    assert carried(answer) == ["job0"]
    assert words(answer).count("Late") == 2


def test_a_job_that_leaves_the_filter_goes(dana: Client, jobs: JobRepository) -> None:
    first, *_ = three(jobs)
    before = dana.get(BOARD, {"q": "mark"})
    jobs.change(lambda book: book.changed(replace(first, customer_name="Ann"), NOON))
    answer = poll(dana, before, q="mark")
    assert carried(answer) == []
    assert '<li class="gone" data-id="job0"></li>' in text(answer)


def test_a_new_booking_is_named_and_the_known_ones_are_not(
    dana: Client, jobs: JobRepository
) -> None:
    created = (Event(at=NOON, by="customer", what="created"),)
    known, new = (make_job(id=name, tracking_token="", history=created) for name in "ab")
    jobs.change(lambda book: book.put(known))
    before = dana.get(BOARD)
    jobs.change(lambda book: book.put(new))
    answer = poll(dana, before)
    assert 'data-bookings="[[&quot;b&quot;,&quot;Mark&quot;]]"' in text(answer)


# --- cards ------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["dana", "joel", "vic"])
def test_a_card_that_is_filled_in_is_as_if_it_were_rendered(
    dana: Client, jobs: JobRepository, clock: FakeClock, who: str
) -> None:
    """With its job's own words, wherever they stand; whatever the job has besides."""
    chance = Chance(1, clock, jobs)
    for _ in range(60):
        chance.new()
    board = BoardPart(BUSINESS, who, Filters(), "en").board()
    groups = [group for stack in board.shown.stacks.values() for group in stack.groups]
    assert groups
    for card in (card for group in groups for card in group.cards):
        job = replace(card.job, truck="T1", access_notes="1812", version=7)
        filled = Card(job, card.look)
        own = moment(job.created_at, BUSINESS), money(job.price, BUSINESS)
        assert filled.html == _rendered(job, card.look, filled.etag, *own)
