"""Jobs as other programs' calendars take them (RFC 5545): who, where and when; nothing of phones,
gates and money. A member's are fetched again and again; a customer takes their own into theirs.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from dispatch import jobs, wiring
from dispatch.accounts import last_roster
from dispatch.domain.business import Business
from dispatch.domain.job import JobLine, Window
from dispatch.domain.roster import Member, MemberNotFound
from dispatch.domain.status import Status
from dispatch.domain.typed.texts import NOT_SHOWN, lines

FINISHED = timedelta(days=30)  # so long ago at most
LEAST = timedelta(minutes=1)  # an event lasts
FETCHED_EVERY = timedelta(minutes=15)
SAID = {Status.PENDING: "TENTATIVE", Status.CANCELLED: "CANCELLED"}  # of others: CONFIRMED


class Entry(NamedTuple):
    """An event, all that is said of a job."""

    uid: str
    version: int
    changed: datetime
    start: datetime
    end: datetime
    status: str
    summary: str
    location: str


def holder(business: Business, secret: str) -> Member:
    """Whose calendar this secret opens. Raises MemberNotFound, StoreUnavailable."""
    try:
        return last_roster(business).by_calendar(secret)
    except MemberNotFound:  # it may have just been made, by another process
        return wiring.roster(business).refreshed().by_calendar(secret)


def entries(business: Business, member: Member) -> list[Entry]:
    """Of the jobs with a window whose crew the member is in: the open ones, and those finished
    lately. Raises StoreUnavailable.
    """
    book, today = wiring.jobs(business).read(), business.today(wiring.now())
    found = [
        *(each for each in book.found if each.line.status.is_open),
        *jobs.finished(business, today - FINISHED, today, book=book),
    ]
    theirs = (each.line for each in found if member.username in set(each.line.crew))
    return [_entry(line, line.window, business) for line in theirs if line.window]


def _entry(job: JobLine, window: Window, business: Business) -> Entry:
    start, end = business.span(window)
    return Entry(
        uid=f"{job.id}@{business.slug}",
        version=job.version,
        changed=job.updated_at,
        start=start,
        end=max(end, start + LEAST),  # of a night when clocks change, or of an old file
        status=SAID.get(job.status, "CONFIRMED"),
        summary=_said(job.customer_name),
        location=_said(job.location),
    )


def pickup(business: Business, job: JobLine, url: str) -> bytes | None:
    """The customer's own pickup, whose page is at `url`; None of one without a window."""
    if job.window is None:
        return None
    entry = _entry(job, job.window, business)
    event = _event(
        entry._replace(
            uid=f"pickup-{entry.uid}",  # a member's own calendar may have the job, too
            summary=_("Pickup by %(business)s") % {"business": _said(business.name)},
        ),
        url,
    )
    event.add("description", url)  # many calendars show no `url`
    calendar = _calendar()
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _said(text: str) -> str:
    return NOT_SHOWN.sub("", lines(text)).strip()


def written(name: str, found: list[Entry], job_url: str) -> bytes:
    """As a file of UTF-8; times are UTC, which every calendar shows in its own zone. `job_url` is
    the address of a job's page, but for its id.
    """
    calendar = _calendar()
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", FETCHED_EVERY, parameters={"VALUE": "DURATION"})
    for entry in found:
        calendar.add_component(_event(entry, job_url + quote(entry.uid.rpartition("@")[0])))
    written: bytes = calendar.to_ical()
    return written


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//QuickDumpNow//jobs//EN")
    calendar.add("version", "2.0")
    return calendar


def _event(entry: Entry, url: str) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.changed)
    event.add("last-modified", entry.changed)
    event.add("sequence", entry.version)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("status", entry.status)
    event.add("summary", entry.summary)
    event.add("location", entry.location)
    event.add("url", url)
    return event
