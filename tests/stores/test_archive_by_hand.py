"""Months that people have edited, copied or put back: read as generously as jobs.json itself."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.search import Found
from dispatch.domain.status import Status
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.stores.archive import UNREAD_FOR
from dispatch.stores.archiver import Archiver
from dispatch.stores.job_repository import JobRepository
from tests.making import NOON, FakeClock
from tests.memory import MemoryStore
from tests.opening import open_jobs
from tests.stores.test_archive import (
    TODAY,
    YEAR_AGO,
    Counting,
    Killed,
    Meanwhile,
    done,
    names,
    noted,
    past,
    put,
    still_open,
)

MAY = "archive/2026-05.json"


@pytest.fixture
def store() -> MemoryStore:
    """Two jobs in May's archive, and an open one."""
    store = MemoryStore()
    jobs = open_jobs(store)
    put(jobs, done("a"), done("b"), still_open("open"))
    Archiver(jobs).archive(TODAY)
    return store


def by_hand(store: MemoryStore, edit: Callable[[bytes], bytes], name: str = MAY) -> None:
    month = store.beside(name)
    known = month.load()
    month.save(edit(known.body), known.etag)


def loaded(edit: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    return lambda body: json.dumps(edit(json.loads(body))).encode()


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="a byte order mark"),
        pytest.param(loaded(lambda month: month["jobs"]), id="a bare array"),
        pytest.param(loaded(lambda month: {"jobs": month["jobs"]}), id="no revision"),
        pytest.param(
            lambda body: body.replace(b'"customer_name"', b'"customer"'), id="an old name"
        ),
        pytest.param(lambda body: body.replace(b'"completed"', b'"done"'), id="an old status"),
        pytest.param(
            lambda body: re.sub(rb'"finished_at":"[^"]*",', b"", body), id="no time it was finished"
        ),
    ],
)
def test_a_month_is_read_as_generously_as_jobs_json(
    store: MemoryStore, edit: Callable[[bytes], bytes]
) -> None:
    by_hand(store, edit)
    jobs = open_jobs(store)
    assert sorted(names(past(jobs))) == ["a", "b"]
    assert jobs.archived_by_token(done("a").tracking_token).id == "a"
    assert jobs.damaged_months == ()
    assert list(jobs.damaged()) == []
    assert len(jobs.change_job("a", lambda book: noted(book, "a"))[0].notes) == 1
    Archiver(jobs).archive(TODAY)
    assert sorted(names(past(open_jobs(store)))) == ["a", "b"]


def test_a_job_that_is_in_a_month_twice_is_shown_once_and_told(store: MemoryStore) -> None:
    by_hand(store, loaded(lambda month: {**month, "jobs": [*month["jobs"], month["jobs"][0]]}))
    jobs = open_jobs(store)
    assert sorted(names(past(jobs))) == ["a", "b"]
    assert jobs.damaged_months == ("2026-05",)


def test_a_month_that_nobody_would_write_over_is_not_shown_either(store: MemoryStore) -> None:
    by_hand(store, lambda body: body.replace(b'"jobs":', b'"jobs":[],"jobs":', 1))
    jobs = open_jobs(store)
    assert names(past(jobs)) == []
    assert jobs.damaged_months == ("2026-05",)


DAMAGED = "The archive of 2026-05 cannot be read."


def test_while_a_month_is_damaged_nobody_is_told_that_its_jobs_do_not_exist(
    store: MemoryStore,
) -> None:
    put(open_jobs(store), done("april", 30))
    Archiver(open_jobs(store)).archive(TODAY)
    good, clock = store.beside(MAY).load().body, FakeClock()
    by_hand(store, lambda _: b"{")
    jobs = open_jobs(store, clock=clock)
    for _ in range(2):
        with pytest.raises(UnreadableDocument, match=DAMAGED):
            jobs.archived_by_token(done("a").tracking_token)
    with pytest.raises(UnreadableDocument, match=DAMAGED):
        jobs.archived("a")
    with pytest.raises(UnreadableDocument, match=DAMAGED):
        jobs.change_job("a", lambda book: noted(book, "a"))
    assert jobs.archived("april").id == "april"
    assert jobs.archived_by_token(done("april").tracking_token).id == "april"
    with pytest.raises(JobNotFound):
        jobs.archived_by_token("")
    by_hand(store, lambda _: good)
    assert jobs.archived("a").id == "a"
    clock.tick(UNREAD_FOR + 1)
    assert jobs.archived_by_token(done("a").tracking_token).id == "a"
    for look in (jobs.archived_by_token, jobs.archived):
        with pytest.raises(JobNotFound):
            look("n" * 32)


def test_a_damaged_month_is_not_read_for_each_unknown_link(store: MemoryStore) -> None:
    by_hand(store, lambda _: b"{")
    shelf, clock = Counting(store), FakeClock()
    jobs = open_jobs(shelf, clock=clock)
    jobs.read()
    for _ in range(3):
        before = shelf.steps
        for number in range(20):
            with pytest.raises(UnreadableDocument):
                jobs.archived_by_token(f"{number:032}")
        assert shelf.steps == before + 1
        clock.tick(UNREAD_FOR + 1)
        jobs.refreshed()


def test_a_link_whose_month_is_damaged_later_is_known_and_others_cost_no_read(
    store: MemoryStore,
) -> None:
    jobs = open_jobs(Counting(store))
    assert jobs.archived_by_token(done("a").tracking_token).id == "a"
    by_hand(store, lambda _: b"{")
    with pytest.raises(UnreadableDocument, match=DAMAGED):
        jobs.archived_by_token(done("a").tracking_token)
    with pytest.raises(JobNotFound):
        jobs.archived_by_token("n" * 32)


# --- two copies, and stamps --------------------------------------------------------------


def without_link(jobs: JobRepository, name: str) -> None:
    def revoke(book: JobBook) -> JobBook:
        return book.changed(replace(book.job(name), tracking_token=""), NOON)

    jobs.change_job(name, revoke)


def test_a_link_that_is_revoked_while_a_copy_lies_in_the_archive_answers_nobody() -> None:
    """Who archived it was killed between writing it there and removing it here."""
    for last in range(1, 40):
        store = MemoryStore()
        put(open_jobs(store), done("b", 5))
        Archiver(open_jobs(store)).archive(TODAY)
        put(open_jobs(store), done("a"))
        try:
            Archiver(open_jobs(Counting(store, last))).archive(TODAY)
        except Killed:
            pass
        else:
            break
        without_link(open_jobs(store), "a")
        with pytest.raises(JobNotFound):
            open_jobs(store).archived_by_token(done("a").tracking_token)
    assert last > 4


def test_the_known_revision_of_a_month_never_goes_back() -> None:
    """Or another process would not see a link that is renewed while others archive."""
    for last in range(1, 40):
        store = MemoryStore()
        put(open_jobs(store), done("a"))
        Archiver(open_jobs(store)).archive(TODAY)
        put(open_jobs(store), done("april", 30))
        shelf = Meanwhile(
            store,
            last,
            lambda store=store: open_jobs(store).change_job("a", lambda book: noted(book, "a")),
        )
        Archiver(open_jobs(shelf)).archive(TODAY)
        if shelf.steps < last:
            break
        stored = JobBook.decode(store.beside(MAY).load().body)
        assert open_jobs(store).read().archive.months["2026-05"] == stored.revision == 2
    assert last > 4


def test_jobs_json_put_back_by_hand_to_before_the_archive_doubles_nothing() -> None:
    store = MemoryStore()
    jobs = open_jobs(store)
    put(jobs, done("a"), still_open("open"))
    before = store.load().body
    Archiver(jobs).archive(TODAY)
    jobs.change_job("a", lambda book: noted(book, "a"))
    store.save(before, store.load().etag)
    for each in (jobs, open_jobs(store)):
        each.refreshed()
        assert names(past(each)) == ["a"]
    Archiver(jobs).archive(TODAY)
    assert names(past(open_jobs(store))) == ["a"]
    assert len(open_jobs(store).archived("a").notes) == 1
    assert [job.id for job in open_jobs(store).read().jobs] == ["open"]


def test_an_open_job_that_somebody_put_into_a_month_comes_to_the_board(
    store: MemoryStore,
) -> None:
    by_hand(store, lambda body: body.replace(b'"completed"', b'"booked"', 1))
    assert names(past(open_jobs(store))) == ["b"]
    Archiver(open_jobs(store)).archive(TODAY)
    jobs = open_jobs(store)
    assert [(job.id, job.status) for job in jobs.read().jobs] == [
        ("open", Status.BOOKED),
        ("a", Status.BOOKED),
    ]
    assert names(past(jobs)) == ["b"]


@pytest.mark.parametrize("newest", ["2026-04", "2026-05"])
def test_of_two_finished_copies_the_newest_version_counts_and_the_next_run_removes_the_other(
    store: MemoryStore, newest: str
) -> None:
    """Each is in the month in which it says that it was finished."""
    other = done("a", 30, version=1 + 2 * (newest == "2026-04"), truck="T4")
    store.beside("archive/2026-04.json").save(JobBook().put(other).encode(), None)
    jobs = open_jobs(store)
    jobs.change_job("a", lambda book: noted(book, "a"))  # May's is at version 2 now
    jobs.change(lambda book: book.stamped({"2026-04": 0}))
    where = {each.line.id: jobs.months.name(each.line.finished_at) for each in all_past(jobs)}
    assert where == {"a": newest, "b": "2026-05"}
    assert len(all_past(jobs)) == 2
    Archiver(jobs).archive(TODAY)
    held = {name: [*jobs.month(name).index] for name in ("2026-04", "2026-05")}
    assert held == (
        {"2026-04": ["a"], "2026-05": ["b"]}
        if newest == "2026-04"
        else {"2026-04": [], "2026-05": ["a", "b"]}
    )
    assert jobs.archived("a").truck == ("T4" if newest == "2026-04" else "")
    assert len(all_past(jobs)) == 2


def all_past(jobs: JobRepository) -> list[Found]:
    return jobs.finished(jobs.refreshed(), YEAR_AGO, TODAY)


def test_a_job_that_somebody_put_into_another_month_goes_to_its_own(store: MemoryStore) -> None:
    body = store.beside(MAY).load().body
    store.beside("archive/2026-04.json").save(body, None)
    by_hand(store, loaded(lambda month: {**month, "jobs": month["jobs"][:1]}))
    jobs = open_jobs(store)
    Archiver(jobs).archive(TODAY)
    assert [job.id for job in jobs.month("2026-05").jobs] == ["a", "b"]
    assert jobs.month("2026-04").jobs == ()
    assert sorted(names(past(open_jobs(store)))) == ["a", "b"]
