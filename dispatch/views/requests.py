"""The requests: what waits to be confirmed, by window; and junk among it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain.job import Job, Window
from dispatch.domain.permissions import Permission
from dispatch.domain.planning import schedule
from dispatch.domain.planning.schedule import Room
from dispatch.domain.status import Status
from dispatch.http import SiteRequest, crew_only, see_other, with_revision
from dispatch.views.board import board_of
from dispatch.views.several import change, form_of
from dispatch.views.told import Told, key_after

ACTS = ("confirm", "assign", "move", "decline")


@dataclass(frozen=True, slots=True)
class Group:
    """The requests for one window, the first to come first, and how full it is."""

    window: Window | None
    room: Room | None
    is_over: bool
    jobs: list[Job]


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.DISCARD)
def requests(request: SiteRequest) -> HttpResponse:
    """All that wait; what is ticked is confirmed, assigned, moved, declined, or discarded."""
    if request.method == "POST" and not request.POST.keys() & {"do", "insist"}:
        gone, revision = jobs.discard(request.business, set(request.POST.getlist("job")))
        words = ngettext("%d request discarded.", "%d requests discarded.", gone) % gone
        messages.success(request, words)
        return with_revision(request, see_other("requests"), revision)
    form = form_of(request)
    told = change(request, form) if request.method == "POST" else Told()
    request.revision = max(request.revision, told.revision)
    groups, senders = _groups(request), _senders(request)
    context = {
        "told": told,
        "form": form,
        "acts": ACTS,
        "key": key_after(request, told),
        "groups": groups,
        "count": sum(len(group.jobs) for group in groups),
        # Of these it is said beside them why not.
        "beside": told.refused.keys() & {job.id for group in groups for job in group.jobs},
        "ticked": form.ticked - {job.id for job, _words in told.done},
        "senders": senders,
        "junk": sum(map(len, senders)),
        "flooded": board_of(request).flooded,
    }
    response = render(request, "dispatch/requests.html", context, status=told.status)
    return with_revision(request, response, told.revision)


def _groups(request: SiteRequest) -> list[Group]:
    """By window, soonest first; those of a sender who floods us are among the junk alone."""
    board, business, at = board_of(request), request.business, wiring.now()
    waiting = [
        job
        for job in board.book.jobs
        if job.status is Status.PENDING
        if not (job.sender in board.floods and job.is_the_customers)
    ]
    taken = schedule.taken(board.book, business, at)
    return [
        Group(
            window,
            schedule.room(window, board.roster, taken, business) if window else None,
            window is not None and business.span(window)[1] <= at,
            list(found),
        )
        for window, found in groupby(sorted(waiting, key=_due), key=lambda job: job.window)
    ]


def _due(job: Job) -> tuple[object, ...]:
    window = job.window
    when = (
        (window.date, window.start, window.name, window.end) if window else (date.max, "", "", "")
    )
    return (*when, job.created_at, job.id)


def _senders(request: SiteRequest) -> list[list[Job]]:
    """What nobody has looked at yet, by sender, who sent most first."""
    by_sender: dict[str, list[Job]] = defaultdict(list)
    for job in wiring.jobs(request.business).read(request.revision).untouched:
        by_sender[job.sender or job.id].append(job)
    return sorted(by_sender.values(), key=len, reverse=True)
