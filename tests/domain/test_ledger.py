"""Documents: the behaviour that jobs and roster share."""

import pytest

from dispatch.domain.jobbook import JobBook
from dispatch.domain.ledger import REMEMBERED_WRITES
from dispatch.domain.status import Status
from tests.making import LEGACY, NOON, make_job


def test_putting_a_known_record_keeps_its_place() -> None:
    book = JobBook().put(make_job(id="a", tracking_token=""), make_job(id="b"))
    after = book.put(make_job(id="a", tracking_token="", customer_name="Ann"))
    assert [(job.id, job.customer_name) for job in after.jobs] == [("a", "Ann"), ("b", "Mark")]


def test_a_record_that_could_not_be_read_again_is_not_put() -> None:
    with pytest.raises(ValueError):
        JobBook().put(make_job(tracking_token="short"))


def test_a_writer_finds_its_own_write_even_when_others_wrote_after_it() -> None:
    book = JobBook()
    for number in range(REMEMBERED_WRITES + 5):
        book = book.written(f"w{number}", NOON)
    again = JobBook.decode(book.encode())
    assert (len(again.recent_writes), again.recent_writes[-1]) == (REMEMBERED_WRITES, "w204")
    assert "w5" in again.recent_writes
    assert "w4" not in again.recent_writes


def test_a_document_of_another_writer_has_the_write_that_it_names() -> None:
    book = JobBook.decode(b'{"schema": 2, "revision": 17, "write_id": "w9", "jobs": []}')
    assert (book.revision, book.recent_writes) == (17, ("w9",))


def test_including_takes_what_is_not_here_yet() -> None:
    here = JobBook().put(make_job(id="17", tracking_token="u" * 16, customer_name="Ours"))
    both = here.including(JobBook.decode(LEGACY.read_bytes()))
    assert [job.customer_name for job in both.jobs] == [
        *("Ours", "Mark", "Dana Ortiz", "Old Town Bikes")
    ]
    assert len(both.problems) == 1


def test_including_the_same_again_changes_nothing() -> None:
    legacy = JobBook.decode(LEGACY.read_bytes())
    once = JobBook().including(legacy)
    assert once.including(legacy) is once
    stored = JobBook.decode(once.written("w", NOON).encode())
    assert stored.including(legacy) is stored


def test_including_takes_no_job_whose_link_is_taken() -> None:
    here = JobBook().put(make_job(id="other", tracking_token="fcdc1c82cb284dbe"))
    both = here.including(JobBook.decode(LEGACY.read_bytes()))
    assert both.by_token("fcdc1c82cb284dbe").id == "other"
    assert "jXkL9m2pQ" not in both.index


def test_including_keeps_what_the_document_said_besides() -> None:
    book = JobBook.decode(b'{"x_owner": {"name":  "Pat"}, "jobs": %s}' % LEGACY.read_bytes())
    assert b'"x_owner":{"name":  "Pat"}' in JobBook().including(book).encode()


def test_a_ledger_is_a_value() -> None:
    book = JobBook().put(make_job())
    book.changed(make_job(status=Status.BOOKED), NOON)
    assert book.jobs == (make_job(),)
