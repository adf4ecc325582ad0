"""Documents: the behaviour that jobs and roster share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.domain.stored.ledger import LAST_REVISION, LAST_VERSION, REMEMBERED_WRITES
from dispatch.domain.stored.record import encode
from tests.making import LEGACY, NOON, make_job, make_member
from tests.serving import environment_of, run


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


# --- what would be lost, or could not be read again ------------------------------------------

Entry = Callable[..., bytes]  # by its key and, maybe, more fields, as a document has it


def a_job(key: str, more: bytes = b"") -> bytes:
    return encode(make_job(id=key, tracking_token=""))[:-1] + more + b"}"


def a_member(key: str, more: bytes = b"") -> bytes:
    return encode(make_member(key))[:-1] + more + b"}"


KINDS: list[tuple[type[Any], Entry]] = [(JobBook, a_job), (Roster, a_member)]
of_both = pytest.mark.parametrize(("kind", "entry"), KINDS)
HALF = rb'"x_text": "\ud83d"'  # of an emoji


def document(kind: Any, *entries: bytes, more: bytes = b"") -> bytes:
    name = kind.collection.encode()
    return b'{"schema": %d, "%b": [%b]%b}' % (kind.schema, name, b", ".join(entries), more)


@of_both
@pytest.mark.parametrize("name", [b"%b", rb"\u00%02x%b", b"x_own"])
def test_a_document_with_a_name_twice_is_unreadable(kind: Any, entry: Entry, name: bytes) -> None:
    """The first of the two would be gone with the next write."""
    collection = kind.collection.encode()
    if name.startswith(b"\\"):
        name %= (collection[0], collection[1:])
    elif name == b"%b":
        name = collection
    twice = b', "x_own": [], "%b": [%b]' % (name, entry("b"))
    for entries in ([], [entry("a")]):
        with pytest.raises(UnreadableDocument, match="twice"):
            kind.decode(document(kind, *entries, more=twice))


@of_both
@pytest.mark.parametrize("again", [b', "phone": "a"', b', "x": [{"y": 1, "y": 2}]'])
def test_an_entry_with_a_name_twice_is_unreadable_alone(
    kind: Any, entry: Entry, again: bytes
) -> None:
    bad = entry("bad", again)
    ledger = kind.decode(document(kind, entry("good"), bad, more=b', "x": {"y": []}'))
    assert list(ledger.index) == ["good"]
    (problem,) = ledger.problems
    assert "entry 'bad'" in problem
    assert "twice" in problem
    assert bad in ledger.written("w", NOON).encode()


@of_both
def test_half_an_emoji_is_its_entry_s_problem_alone(kind: Any, entry: Entry) -> None:
    bad, own = entry("bad", b", " + HALF), rb'{"path": "C:\\udata", "text": "\uD83D \/"}'
    good = entry("good", rb', "x_path": "C:\\ud83d", "x_text": "\ud83d\ude9b \/"')
    body = document(kind, bad, good, more=b', "x_own": ' + own)
    ledger = kind.decode(body)
    assert list(ledger.index) == ["good"]
    assert len(ledger.problems) == 1
    again = ledger.written("w", NOON).encode()
    for kept in (bad, good, own):
        assert kept in again
    assert kind.decode(again).broken.keys() == {1}


@of_both
def test_half_an_emoji_where_it_is_the_document_s_own_makes_that_unreadable(
    kind: Any, entry: Entry
) -> None:
    for more in (rb', "write_id": "\ud83d"', rb', "x\ud83d": 1'):
        with pytest.raises(UnreadableDocument):
            kind.decode(document(kind, more=more))


def test_an_old_list_of_jobs_is_read_beside_half_an_emoji_too() -> None:
    bad = a_job("bad", b", " + HALF)
    book = JobBook.decode(b"[%b, %b]" % (bad, a_job("good")))
    assert (list(book.index), len(book.problems)) == (["good"], 1)


@of_both
def test_after_the_last_revision_nothing_is_written(kind: Any, entry: Entry) -> None:
    last = kind.decode(document(kind, more=b', "revision": %d' % (LAST_REVISION - 1))).written(
        "w", NOON
    )
    again = kind.decode(last.encode())
    assert again.revision == LAST_REVISION
    with pytest.raises(UnreadableDocument, match="nothing was written"):
        again.written("w", NOON)


@of_both
@pytest.mark.parametrize("version", [LAST_VERSION, 10**4_299])
def test_nor_is_a_record_after_its_last_version(kind: Any, entry: Entry, version: int) -> None:
    ledger = kind.decode(
        document(kind, entry("a").replace(b'"version":1', b'"version":%d' % version))
    )
    (value,) = ledger.values
    with pytest.raises(UnreadableDocument, match="nothing was written"):
        ledger.changed(replace(value, phone="+16195550142"), NOON)


READ_IN_A_NEW_PROCESS = """
import sys
import msgspec
from dispatch.domain.job import Job, JobLine
from dispatch.domain.jobbook import Archive, Migration
from dispatch.domain.roster import Member
import dispatch.stores.archive

class New(msgspec.Struct):
    number: int

made = []
def watch(frame, event, arg):
    if event == "call" and frame.f_code.co_name == "get_class_annotations":
        made.append(frame.f_locals["obj"].__name__)

sys.setprofile(watch)
for kind in (New, Job, JobLine, Archive, Migration, Member):
    msgspec.json.Decoder(kind)
sys.setprofile(None)
print(*made)
"""


def test_threads_may_be_the_first_to_read_a_record(tmp_path: Path) -> None:
    """msgspec makes its plan of a class at its first use, and two threads at once crash."""
    assert run(environment_of(tmp_path), "-c", READ_IN_A_NEW_PROCESS).split() == ["New"]
