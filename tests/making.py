"""Things to test with, made in a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.permissions import Actor, Rank
from dispatch.domain.roster import Member
from dispatch.domain.status import Status
from tests import settings

BUSINESS: Business = settings.BUSINESSES[0]
*SMALLER, FULL = BUSINESS.loads
LARGE = replace(BUSINESS, loads=(*SMALLER, replace(FULL, places=2)))  # a full load takes two places
NOON = datetime(2026, 5, 22, 19, 0, tzinfo=UTC)  # a Friday; noon in San Diego
DANA = Actor("dana", Rank.DISPATCHER)
JOEL = Actor("joel", Rank.CREW)
VIC = Actor("vic", Rank.VIEWER)
PASSWORD = "rolling-dumpster-7"
TOKEN = "Tk" + "x" * 30
CONTRACT_FIELDS = {
    *("id", "version", "tracking_token", "customer_name", "location", "phone", "email"),
    *("price", "price_lines", "paid", "status", "window", "on_my_way", "eta", "crew", "truck"),
    *("load", "access_notes", "photos", "notes", "history", "created_at", "updated_at"),
    *("finished_at", "postcode", "description", "language", "items", "payments", "stop"),
}
LEGACY = Path(__file__).parent / "data" / "legacy-jobs.json"  # as the first system left it


def make_job(**fields: Any) -> Job:
    """Mark's, just requested, unless `fields` say otherwise."""
    return Job(
        **{
            "id": "jXkL9m2pQ",
            "tracking_token": TOKEN,
            "customer_name": "Mark",
            "location": "Soderblom Ave",
            "price": Decimal(600),
            "created_at": NOON,
            "updated_at": NOON,
            **fields,
            "status": Status(fields.get("status", "pending")),
        }
    )


def make_member(username: str = "joel", **fields: Any) -> Member:
    """Joel, a driver of the crew, unless `fields` say otherwise."""
    return Member(
        **{
            "username": username,
            "name": username.capitalize(),
            "rank": Rank.CREW,
            "roles": ("driver", "first_mate"),
            "created_at": NOON,
            "updated_at": NOON,
            **fields,
        }
    )


def is_away(member: Member, day: date) -> bool:
    """All day, not only in a part of it."""
    return member.on(day).windows == ()


def twenty_moves(book: JobBook, job_id: str) -> JobBook:
    """A dispatcher who cannot decide: each move a write of its own, read back each time."""
    for count in range(20):
        to = Status.BOOKED if book.job(job_id).status is Status.IN_PROGRESS else Status.IN_PROGRESS
        at = NOON + seconds(count)
        job = move(book.job(job_id), to, by=DANA, at=at, business=BUSINESS, reason="again")
        book = JobBook.decode(book.changed(job, at).written(f"w{count}", at).encode())
    return book


@contextmanager
def unavailable(*repositories: Any) -> Iterator[None]:
    """While this lasts, the storage of these repositories is out of reach."""
    for repository in repositories:
        repository.store.silent = True
    yield
    for repository in repositories:
        repository.store.silent = False


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


class FakeClock:
    """A clock that only moves when told to: `now()` for dates, itself for seconds."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def __call__(self) -> float:
        return self.at.timestamp()

    def tick(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
