"""What stays of a job whose person has left it, and that nothing else does."""

from decimal import Decimal

import pytest

from dispatch.domain.job import REMOVED, Item
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.numbers import Numbers, for_figures, month_of, numbers
from dispatch.domain.privacy import redaction
from dispatch.domain.privacy.redaction import StillOpen, redacted, unknown
from dispatch.domain.search import Found, customer
from dispatch.domain.status import Status
from dispatch.domain.stored.record import encode
from tests.making import BUSINESS, DANA, NOON, make_job, seconds
from tests.privacy.birds import NOTHING_SINGS, canary_job, with_unknown

BOOK = with_unknown(JobBook(), canary_job())
ID = canary_job().id


def left(book: JobBook = BOOK) -> JobBook:
    return redacted(book, [ID], NOON)


def test_nothing_of_a_person_is_left_in_what_is_stored() -> None:
    assert all(bird in BOOK.encode() for bird in NOTHING_SINGS)
    assert not [bird for bird in NOTHING_SINGS if bird in left().encode()]


def test_what_figures_need_stays() -> None:
    before, job = BOOK.job(ID), left().job(ID)
    for name in redaction.STAYS:
        if name not in ("version", "updated_at"):
            assert getattr(job, name) == getattr(before, name), name
    assert (job.version, job.updated_at) == (before.version + 1, NOON)
    assert [(each.amount, each.method) for each in job.payments] == [
        (Decimal(200), "cash"),
        (Decimal(120), "other"),
    ]
    assert job.paid
    assert job.paid.amount == 320
    assert job.items == (Item(name="mattress", count=2),)
    assert job.quote
    assert (job.quote.amount, job.quote.answer) == (320, "accepted")
    assert job.customer_name == job.location == REMOVED


def test_figures_are_the_same_with_and_without_persons() -> None:
    month = month_of(NOON.date())

    def figures(book: JobBook) -> Numbers:
        return numbers(book.jobs, month, month.before(NOON.date()), BUSINESS)

    more = canary_job(9, id="more", tracking_token="", status=Status.CANCELLED, load="")
    book = BOOK.put(more)
    bare = redacted(book, [ID, "more"], NOON)
    assert figures(bare) == figures(book)
    assert figures(bare).total.could_not
    assert figures(bare).cash["joel"].amount == 400
    lean = [for_figures(Found(job, lambda: None, encode(job))) for job in bare.jobs]
    assert numbers(filter(None, lean), month, month, BUSINESS).total == figures(book).total


def test_of_the_history_every_event_stays_without_its_texts() -> None:
    could_not, edited, load, accepted, done, removed = left().job(ID).history
    assert could_not.reason == "no_access"
    assert (edited.what, edited.changes) == ("edited", redaction.UNSET)
    assert load.changes == {"load": ("", "half")}
    assert accepted.changes == {"price": (600, 320)}
    assert not accepted.reason
    assert (done.to, done.reason) == (Status.COMPLETED, redaction.UNSET)
    assert (removed.what, removed.by) == ("redacted", "system")


def test_done_twice_it_changes_nothing_more() -> None:
    once = left()
    assert left(once) is once


def test_what_somebody_has_written_since_goes_too() -> None:
    book = left()
    noted = book.changed(book.job(ID).noted("canary called", by="dana", at=NOON), NOON)
    again = left(noted)
    assert not again.job(ID).notes
    assert again.job(ID).version == noted.job(ID).version + 1


def test_an_open_job_keeps_its_person() -> None:
    book = JobBook().put(make_job())
    with pytest.raises(StillOpen):
        redacted(book, ["jXkL9m2pQ"], NOON)


def test_unknown_fields_are_named() -> None:
    assert unknown(BOOK.entries[0].raw) == ["nickname"]
    assert unknown(left().entries[0].raw) == []


def test_its_link_opens_nothing_and_nobody_finds_it_by_name_or_number() -> None:
    job = left().job(ID)
    assert job.tracking_token == ""
    assert customer(job) == {"phone": "", "name": ""}


def test_restored_it_stays_as_it_is() -> None:
    before, job = BOOK.job(ID), left().job(ID)
    assert job.back_to(before, NOON + seconds(60)) is job
    again = move(job, Status.BOOKED, by=DANA, at=NOON, business=BUSINESS, reason="once more")
    assert again.back_to(before, NOON) is again
