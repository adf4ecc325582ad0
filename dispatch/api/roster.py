"""`GET /api/crew`: free members by day, window and role."""

import datetime as dt
from typing import Annotated

import msgspec
from django.http import HttpResponse
from dmr import Query
from msgspec import Meta

from dispatch import wiring
from dispatch.api.base import Api, call, success
from dispatch.api.schemas import Body, SeenRevision, a_day
from dispatch.domain.availability import free
from dispatch.domain.job_input import InvalidInput, date_of, days
from dispatch.domain.permissions import Permission
from dispatch.domain.roster import Member

MOST_DAYS = 62
JOEL = {"username": "joel", "name": "Joel Ramirez"}
MORNING = {"name": "morning", "free": {"driver": [JOEL], "first_mate": [], "supervisor": []}}
FREE = {"days": [{"date": "2026-05-23", "windows": [MORNING]}], "revision": 17}  # an example


class FreeQuery(Body, frozen=True, kw_only=True):
    """One day, or several."""

    date: Annotated[str, a_day("one day", "2026-05-23")] = ""
    from_: Annotated[str, a_day("the first of several days", "2026-05-23")] = msgspec.field(
        name="from", default=""
    )
    to: Annotated[str, a_day(f"the last of them, {MOST_DAYS} days at most", "2026-05-31")] = ""
    r: SeenRevision = 0


class FreeMember(msgspec.Struct, frozen=True):
    username: Annotated[str, Meta(examples=["joel"])]
    name: Annotated[str, Meta(examples=["Joel Ramirez"])]


class FreeRoles(msgspec.Struct, frozen=True, kw_only=True):
    """Those who can still be given each role."""

    driver: tuple[FreeMember, ...]
    first_mate: tuple[FreeMember, ...]
    supervisor: tuple[FreeMember, ...]


class FreeWindow(msgspec.Struct, frozen=True):
    """One of the business's windows, by name."""

    name: Annotated[str, Meta(examples=["morning"])]
    free: FreeRoles


class FreeDay(msgspec.Struct, frozen=True):
    """Has no windows where the business is closed."""

    date: dt.date
    windows: tuple[FreeWindow, ...]


class FreeCrew(msgspec.Struct, frozen=True):
    """Day by day; `revision` is that of the jobs that were looked at."""

    days: tuple[FreeDay, ...]
    revision: int


class FreeCrewApi(Api):
    tags = ("Crew",)

    @call("freeCrew", success(FreeCrew, "Who is free.", FREE), permission=Permission.ASSIGN)
    def get(self, parsed_query: Query[FreeQuery]) -> HttpResponse:
        """See who is free

        On one `date`, or on every day `from` one `to` another, 62 at most. A driver whose window
        is full is not free to drive, though a dispatcher may `insist`.
        """
        start, end = _span(parsed_query)
        book = wiring.jobs(self.business).read(self.request.revision)
        roster = wiring.roster(self.business).read()
        found = free(roster, book, self.business, start, end)
        told = tuple(
            FreeDay(day, tuple(_window(name, roles) for name, roles in windows.items()))
            for day, windows in found.items()
        )
        return self.answer(FreeCrew(told, book.revision))


def _window(name: str, roles: dict[str, tuple[Member, ...]]) -> FreeWindow:
    people = {
        role: tuple(FreeMember(each.username, each.name) for each in members)
        for role, members in roles.items()
    }
    return FreeWindow(name, FreeRoles(**people))


def _span(query: FreeQuery) -> tuple[dt.date, dt.date]:
    """Both days included. Raises InvalidInput."""
    if query.date:
        if query.from_ or query.to:
            raise InvalidInput({"date": "Give either a date, or from and to."})
        day = date_of(query.date, "date")
        return day, day
    if not query.from_ and not query.to:
        raise InvalidInput({"date": "Give a date as 2026-05-23, or from and to."})
    return days(query.from_, query.to, MOST_DAYS)
