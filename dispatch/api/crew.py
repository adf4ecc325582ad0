"""`GET /api/crew`: who is free, by day, window and role."""

from datetime import date
from typing import Annotated

from django.http import HttpResponse
from dmr import Query, validate
from msgspec import Meta

from dispatch import wiring
from dispatch.api.base import READ, Api, success
from dispatch.api.examples import FREE
from dispatch.api.guard import MemberAuth
from dispatch.api.problems import Invalid
from dispatch.api.shapes import FreeCrew, FreeDay, FreeMember, FreeQuery, FreeRoles, FreeWindow
from dispatch.domain.availability import free
from dispatch.domain.job_input import FIRST_DATE, LAST_DATE
from dispatch.domain.permissions import Act
from dispatch.domain.roster import Member
from dispatch.seen import revision_seen

MOST_DAYS = 62


class FreeCrewApi(Api):
    tags = ("Crew",)

    @validate(
        success(Annotated[FreeCrew, Meta(examples=[FREE])], "Who is free."),
        *READ,
        auth=[MemberAuth(Act.ASSIGN)],
        operation_id="freeCrew",
    )
    def get(self, parsed_query: Query[FreeQuery]) -> HttpResponse:
        """See who is free

        On one `date`, or on every day `from` one `to` another, 62 at most. A driver whose window
        is full is not free to drive, though a dispatcher may `insist`.
        """
        start, end = _span(parsed_query)
        book = wiring.jobs(self.business).read(revision_seen(self.request))
        known = wiring.roster(self.business).read()
        roster = wiring.with_days_gone_by(known, self.business, start, end)
        found = free(roster, book, self.business, start, end)
        days = tuple(
            FreeDay(day, tuple(_window(name, roles) for name, roles in windows.items()))
            for day, windows in found.items()
        )
        return self.answer(FreeCrew(days, book.revision))


def _window(name: str, roles: dict[str, tuple[Member, ...]]) -> FreeWindow:
    people = {
        role: tuple(FreeMember(each.username, each.name) for each in members)
        for role, members in roles.items()
    }
    return FreeWindow(name, FreeRoles(**people))


def _span(query: FreeQuery) -> tuple[date, date]:
    """Both days included. Raises Invalid."""
    if query.date:
        if query.from_ or query.to:
            raise Invalid.field("date", "Give either a date, or from and to.")
        day = _day("date", query.date)
        return day, day
    if not query.from_ and not query.to:
        raise Invalid.field("date", "Give a date as 2026-05-23, or from and to.")
    start, end = _day("from", query.from_), _day("to", query.to)
    if end < start:
        raise Invalid.field("to", "That is before from.")
    if (end - start).days >= MOST_DAYS:
        raise Invalid.field("to", f"That is too far off: {MOST_DAYS} days at once are the most.")
    return start, end


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid.field(name, "Write a date as 2026-05-23.") from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise Invalid.field(name, f"It must be from {FIRST_DATE} to {LAST_DATE}.")
    return day
