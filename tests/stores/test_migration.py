"""Jobs move from one place to another, and back: none is lost, none is twice, whatever happens."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import (
    LedgerMoved,
    MigrationRefused,
    StoreUnavailable,
    UnreadableDocument,
)
from dispatch.stores.archive import DocumentMonths, JobDocument, Shelf
from dispatch.stores.archiver import Archiver
from dispatch.stores.migration.place import Place
from dispatch.stores.migration.steps import Move
from tests.making import BUSINESS, NOON
from tests.memory import MemoryStore
from tests.opening import open_jobs
from tests.stores.test_archive import (
    TODAY,
    Counting,
    Killed,
    Meanwhile,
    done,
    everything,
    noted,
    put,
    reopened,
    still_open,
)

ALL = ["a", "april", "b", "open"]


def place(shelf: Shelf, url: str) -> Place:
    return Place(url, JobDocument(shelf), DocumentMonths(shelf, BUSINESS.zone))


def move(old: Shelf, new: Shelf) -> Move:
    return Move(place(old, "file:old"), place(new, "file:new"), lambda: NOON)


def go(old: Shelf, new: Shelf) -> list[str]:
    return list(move(old, new).forward())


def go_home(new: Shelf, old: Shelf) -> list[str]:
    home = Move(place(new, "file:new"), place(old, "file:old"), lambda: NOON)
    return list(home.forward())


@pytest.fixture
def old() -> MemoryStore:
    return a_year()


@pytest.fixture
def new() -> MemoryStore:
    return MemoryStore()


def a_year() -> MemoryStore:
    store = MemoryStore()
    jobs = open_jobs(store)
    put(jobs, still_open("open"), done("a"), done("b"), done("april", 30))
    Archiver(jobs).archive(TODAY)
    return store


def records(store: MemoryStore) -> dict[str, list[bytes]]:
    """All that is stored, by document."""
    kept = {"jobs.json": JobBook.decode(store.load().body)}
    for name in store.names_in("archive"):
        kept[name] = JobBook.decode(store.beside(f"archive/{name}").load().body)
    return {name: [entry.raw for entry in book.entries] for name, book in kept.items()}


def takes_changes(store: MemoryStore) -> bool:
    if store.load().etag is None:
        return False
    return not JobBook.decode(store.load().body).migration.refusal


def all_of_them(store: MemoryStore) -> list[str]:
    return sorted(everything(open_jobs(store)))


# --- there -------------------------------------------------------------------------------


def test_every_record_is_in_the_new_place_as_it_was(old: MemoryStore, new: MemoryStore) -> None:
    """Fields and entries that this version cannot read, too."""
    body = old.load().body.replace(b'"jobs":[', b'"house":{"a" : 1},"jobs":[\n{"id": 7},')
    old.save(body, old.load().etag)
    month = old.beside("archive/2026-05.json")
    strange = b'"tone" : "blue","jobs":[\n{"id":"x","status":"?"},'
    month.save(month.load().body.replace(b'"jobs":[', strange), month.load().etag)
    before, book = records(old), JobBook.decode(old.load().body)
    go(old, new)
    assert records(new) == before
    assert b'"house":{"a" : 1}' in new.load().body
    assert b'"tone":"blue"' in new.beside("archive/2026-05.json").load().body
    after = JobBook.decode(new.load().body)
    assert after.revision >= book.revision
    assert after.archive.months == book.archive.months
    assert set(book.recent_writes) <= set(after.recent_writes)
    assert [job.id for job in open_jobs(new).read().jobs] == ["open"]


def test_the_revisions_of_months_never_fall(old: MemoryStore, new: MemoryStore) -> None:
    before = open_jobs(old).month("2026-05").revision
    go(old, new)
    assert open_jobs(new).month("2026-05").revision >= before


def test_the_old_place_is_read_and_refuses_each_change(old: MemoryStore, new: MemoryStore) -> None:
    server = open_jobs(old)
    server.read()
    go(old, new)
    assert all_of_them(old) == ALL
    changes: list[Callable[[], object]] = [
        lambda: put(server, still_open("late")),
        lambda: server.change_job("a", lambda book: noted(book, "a")),
        lambda: server.change_job("a", lambda book: reopened(book, "a")),
        lambda: Archiver(server).archive(TODAY),
        lambda: Archiver(open_jobs(old)).daily(TODAY + timedelta(days=1)),
    ]
    before = old.load(), old.beside("archive/2026-05.json").load()
    for change in changes:
        with pytest.raises(LedgerMoved, match="moved to file:new: they can be read here"):
            change()
    assert before == (old.load(), old.beside("archive/2026-05.json").load())
    assert not takes_changes(old)
    put(open_jobs(new), still_open("late"))
    open_jobs(new).change_job("a", lambda book: noted(book, "a"))
    assert all_of_them(new) == sorted([*ALL, "late"])


def test_while_it_is_copied_the_new_place_takes_no_changes(
    old: MemoryStore, new: MemoryStore
) -> None:
    for line in move(old, new).forward():
        assert not takes_changes(old)
        if "refuses" in line:
            with pytest.raises(LedgerMoved, match="still being copied from file:old"):
                put(open_jobs(new), still_open("early"))
    assert takes_changes(new)


def test_done_is_done(old: MemoryStore, new: MemoryStore) -> None:
    go(old, new)
    put(open_jobs(new), still_open("late"))
    assert go(old, new) == []
    assert move(old, new).plan() == []
    assert all_of_them(new) == sorted([*ALL, "late"])


def test_a_plan_says_how_much_there_is_and_writes_nothing(
    old: MemoryStore, new: MemoryStore
) -> None:
    before = old.load()
    plan = move(old, new).plan()
    assert [(each.name, each.records) for each in plan] == [
        *(("archive of 2026-04", 1), ("archive of 2026-05", 2)),
        ("open jobs and those finished lately", 1),
    ]
    assert plan[2].size == sum(map(len, records(old)["jobs.json"]))
    assert (old.load(), new.load().etag) == (before, None)


# --- killed half-way, and several at once ------------------------------------------------


def two(last: int) -> tuple[MemoryStore, MemoryStore, Counting, Counting]:
    """Two places, and how a process sees them that is killed at that step."""
    old, new = a_year(), MemoryStore()
    dying, there = Counting(old, last), Counting(new, last)
    there.seen = dying.seen
    return old, new, dying, there


def survives(run: Callable[[], object]) -> bool:
    try:
        run()
    except Killed:
        return False
    return True


@pytest.mark.long
def test_killed_at_any_step_it_goes_on() -> None:
    for last in range(200):
        old, new, dying, there = two(last)
        finished = survives(lambda old=dying, new=there: go(old, new))
        assert all_of_them(old) == ALL
        assert not (takes_changes(old) and takes_changes(new))
        go(old, new)
        assert records(new) == records(old)
        assert not takes_changes(old)
        put(open_jobs(new), still_open("late"))
        if finished:
            break
    assert finished
    assert last > 20


@pytest.mark.long
def test_killed_at_any_step_it_goes_back_and_there_again() -> None:
    for last in range(200):
        old, new, dying, there = two(last)
        finished = survives(lambda old=dying, new=there: go(old, new))
        if not takes_changes(old):
            move(old, new).back()
        assert (takes_changes(old), takes_changes(new)) == (True, False)
        put(open_jobs(old), still_open("late"))
        open_jobs(old).change_job("a", lambda book: noted(book, "a"))
        open_jobs(old).change_job("april", lambda book: reopened(book, "april"))
        go(old, new)
        assert records(new) == records(old)
        assert all_of_them(new) == sorted([*ALL, "late"])
        if finished:
            break
    assert finished


@pytest.mark.long
def test_killed_at_any_step_of_going_back_it_goes_on_either_way() -> None:
    for last in range(100):
        for then in ("back", "on"):
            old, new, dying, there = two(last)
            go(old, new)
            finished = survives(lambda old=dying, new=there: move(old, new).back())
            assert all_of_them(old) == ALL
            assert not (takes_changes(old) and takes_changes(new))
            if then == "back" and not takes_changes(old):
                move(old, new).back()
            if then == "back":
                open_jobs(old).change_job("a", lambda book: noted(book, "a"))
            go(old, new)
            assert records(new) == records(old)
        if finished:
            break
    assert finished


@pytest.mark.parametrize("other", ["forward", "back"])
def test_whoever_else_moves_them_meanwhile_only_one_place_takes_changes(other: str) -> None:
    def act(old: MemoryStore, new: MemoryStore) -> None:
        with suppress(MigrationRefused):
            go(old, new) if other == "forward" else move(old, new).back()

    for last in range(1, 200):
        old, new = a_year(), MemoryStore()
        one = Meanwhile(old, last, lambda old=old, new=new: act(old, new))
        there = Meanwhile(new, last, one.act)
        there.seen = one.seen
        with suppress(MigrationRefused):
            go(one, there)
        assert not (takes_changes(old) and takes_changes(new))
        if takes_changes(old):
            open_jobs(old).change_job("a", lambda book: noted(book, "a"))
        go(old, new)
        assert records(new) == records(old)
        assert all_of_them(new) == ALL
        if one.steps < last:
            break
    assert last > 20


def add(store: MemoryStore) -> None:
    put(open_jobs(store), still_open("late"))


def pay(store: MemoryStore) -> None:
    open_jobs(store).change_job("a", lambda book: noted(book, "a"))


def reopen(store: MemoryStore) -> None:
    open_jobs(store).change_job("april", lambda book: reopened(book, "april"))


def archive(store: MemoryStore) -> None:
    Archiver(open_jobs(store)).archive(TODAY + timedelta(days=1))


@pytest.mark.parametrize("change", [add, pay, reopen, archive])
def test_a_change_meanwhile_is_in_the_new_place_or_refused(
    change: Callable[[MemoryStore], None],
) -> None:
    for last in range(1, 200):
        old, new, refused = a_year(), MemoryStore(), list[Exception]()

        def act(old: MemoryStore = old, refused: list[Exception] = refused) -> None:
            try:
                change(old)
            except StoreUnavailable as error:
                refused.append(error)

        one = Meanwhile(old, last, act)
        there = Meanwhile(new, last, act)
        there.seen = one.seen
        go(one, there)
        Archiver(open_jobs(new)).daily(TODAY)  # as a server does when it starts
        found = everything(open_jobs(new))
        made = sorted(found) if refused or change is not add else sorted({*found} - {"late"})
        assert made == ALL
        if not refused and one.steps >= last:
            assert {
                add: "late" in found,
                pay: len(found["a"].notes) == 1,
                reopen: found["april"].status.is_open,
                archive: True,
            }[change]
        assert records(new).keys() == records(old).keys()
        if one.steps < last:
            break
    assert last > 20


def test_who_writes_when_it_is_marked_is_refused_though_it_read_before(
    old: MemoryStore, new: MemoryStore
) -> None:
    """At each step of a change the whole move happens: then the change is there, or refused."""
    for last in range(1, 20):
        old, new = a_year(), MemoryStore()
        shelf = Meanwhile(old, last, lambda old=old, new=new: go(old, new))
        try:
            open_jobs(shelf).change_job("a", lambda book: noted(book, "a"))
        except LedgerMoved:
            assert last <= shelf.steps
        else:
            assert not new.load().etag
            break
    assert last > 2


def test_of_many_who_write_at_once_none_loses_what_it_was_told_is_written(
    old: MemoryStore, new: MemoryStore
) -> None:
    written, begun = list[str](), threading.Barrier(4)

    def write(number: int) -> None:
        jobs = open_jobs(old)
        begun.wait()
        with suppress(LedgerMoved):
            for each in range(200):
                put(jobs, still_open(f"{number}-{each}"))
                written.append(f"{number}-{each}")

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        begun.wait()
        go(old, new)
        for writer in writers:
            writer.result()
    assert all_of_them(new) == sorted([*ALL, *written])


# --- and home again ----------------------------------------------------------------------


def test_home_again_with_all_that_happened_there(old: MemoryStore, new: MemoryStore) -> None:
    go(old, new)
    put(open_jobs(new), still_open("late"))
    open_jobs(new).change_job("a", lambda book: noted(book, "a"))
    open_jobs(new).change_job("april", lambda book: reopened(book, "april"))
    revision = open_jobs(new).read().revision
    go_home(new, old)
    assert records(old) == records(new)
    assert (takes_changes(old), takes_changes(new)) == (True, False)
    assert open_jobs(old).read().revision >= revision
    open_jobs(old).change_job("a", lambda book: noted(book, "a", "again"))
    go(old, new)
    assert len(everything(open_jobs(new))["a"].notes) == 2
    assert all_of_them(new) == sorted([*ALL, "late"])


def test_a_third_place_knows_the_first_again(old: MemoryStore, new: MemoryStore) -> None:
    third = MemoryStore()
    go(old, new)
    list(Move(place(new, "file:new"), place(third, "file:third"), lambda: NOON).forward())
    with pytest.raises(MigrationRefused, match="go to file:new"):  # stale: they have moved on
        go(old, new)
    with pytest.raises(MigrationRefused, match="has been written to"):
        move(old, new).back()
    put(open_jobs(third), still_open("late"))
    list(Move(place(third, "file:third"), place(old, "file:old"), lambda: NOON).forward())
    assert all_of_them(old) == sorted([*ALL, "late"])


def test_a_stale_place_moves_nowhere_while_others_are_under_way(
    old: MemoryStore, new: MemoryStore
) -> None:
    """Else there were two that take changes."""
    third = MemoryStore()
    go(old, new)
    list(Move(place(new, "file:new"), place(third, "file:third"), lambda: NOON).forward())
    home = Move(place(third, "file:third"), place(new, "file:new"), lambda: NOON)
    for _ in zip(range(3), home.forward(), strict=False):
        pass
    for then in (lambda: None, home.back):
        then()
        with pytest.raises(MigrationRefused):
            go(old, new)
        with pytest.raises(MigrationRefused):
            move(old, new).back()
    assert takes_changes(third)


def test_no_way_back_once_the_new_place_was_written_to(old: MemoryStore, new: MemoryStore) -> None:
    go(old, new)
    put(open_jobs(new), still_open("late"))
    with pytest.raises(MigrationRefused, match="has been written to since"):
        move(old, new).back()
    assert (takes_changes(old), takes_changes(new)) == (False, True)


# --- what is refused ---------------------------------------------------------------------


def untouched(old: MemoryStore, new: MemoryStore, why: str) -> None:
    before = old.load(), new.load()
    with pytest.raises((MigrationRefused, StoreUnavailable), match=why):
        go(old, new)
    assert (old.load(), new.load()) == before


def test_a_place_with_other_jobs_is_refused(old: MemoryStore) -> None:
    other = MemoryStore()
    put(open_jobs(other), still_open("theirs"))
    untouched(old, other, "file:new holds other jobs; nothing was changed")
    untouched(old, a_year(), "holds other jobs")


def test_an_archive_without_a_ledger_is_refused(old: MemoryStore, new: MemoryStore) -> None:
    new.beside("archive/2025-01.json").save(JobBook().encode(), None)
    untouched(old, new, "was there and is gone")


def test_an_empty_ledger_is_taken(old: MemoryStore, new: MemoryStore) -> None:
    Archiver(open_jobs(new)).begin(TODAY)
    go(old, new)
    assert records(new) == records(old)


def test_to_itself_is_refused(old: MemoryStore) -> None:
    untouched(old, old, "are in file:new already")


def test_from_nothing_is_refused(new: MemoryStore) -> None:
    untouched(MemoryStore(), new, "no jobs in file:old")


def test_from_what_is_half_copied_is_refused(old: MemoryStore, new: MemoryStore) -> None:
    for _ in zip(range(3), move(old, new).forward(), strict=False):
        pass
    with pytest.raises(MigrationRefused, match="still being copied from file:old"):
        go(new, MemoryStore())
    elsewhere = Move(place(old, "file:old"), place(MemoryStore(), "file:third"), lambda: NOON)
    with pytest.raises(MigrationRefused, match="go to file:new: finish that"):
        list(elsewhere.forward())


def test_a_damaged_month_is_told_before_anything_is_changed(
    old: MemoryStore, new: MemoryStore
) -> None:
    month = old.beside("archive/2026-05.json")
    whole = month.load().body
    month.save(b"{", month.load().etag)
    untouched(old, new, "The jobs document is not ours")
    month.delete()
    untouched(old, new, "2026-05 was there and is gone")
    month.save(whole, None)
    go(old, new)


def test_what_an_older_version_wrote_to_the_old_place_is_not_overwritten(
    old: MemoryStore, new: MemoryStore
) -> None:
    """It does not know that it may not; but it keeps the field that says so."""
    go(old, new)
    book = JobBook.decode(old.load().body)
    late = replace(book.put(still_open("late")), recent_writes=(*book.recent_writes, "older"))
    old.save(late.encode(), old.load().etag)
    with pytest.raises(MigrationRefused, match="older version"):
        go_home(new, old)


def test_while_a_difference_remains_it_does_not_finish(old: MemoryStore, new: MemoryStore) -> None:
    class Garbling(Counting):
        def save(self, body: bytes, if_match: str | None) -> object:  # type: ignore[override]
            return self.inner.save(body.replace(b"Mark april", b"Mark avril"), if_match)

        def beside(self, name: str) -> "Garbling":
            return Garbling(self.inner.beside(name))  # type: ignore[arg-type]

    with pytest.raises(MigrationRefused, match=r"archive of 2026-04 .*'april'"):
        go(old, Garbling(new))
    assert not takes_changes(old)
    assert not takes_changes(new)
    go(old, new)
    assert records(new) == records(old)


def test_a_field_that_is_not_ours_is_no_migration() -> None:
    with pytest.raises(UnreadableDocument, match="`migration` is not ours"):
        JobBook.decode(b'{"schema": 2, "migration": 7, "jobs": []}')


def test_an_export_of_a_place_that_was_left_can_be_imported_anywhere(
    old: MemoryStore, new: MemoryStore
) -> None:
    go(old, new)
    exported = JobBook.decode(open_jobs(old).read().encode())
    other = open_jobs(MemoryStore())
    other.change(lambda book: book.including(exported))
    put(other, still_open("late"))
