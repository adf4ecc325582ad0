"""Jobs on paper: a day by driver, one job, several. The same page is a file for the pocket."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.dateformat import format
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dispatch import jobs, wiring
from dispatch.domain.job import ROLES, Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.permissions import Permission, sees, sees_prices
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.route import in_driving_order
from dispatch.forms.sheet import DayForm
from dispatch.forms.spreadsheet import count_text
from dispatch.http import SiteRequest, crew_only
from dispatch.templatetags.formats import LONG_DAY
from dispatch.views.drawer import no_job

MOST_SHEETS = 200
# Its style is in it, as it has to look the same where there is no network; and nothing else is.
IN_FILE = "default-src 'none'; style-src 'sha256-{style}'"
POLICY = (
    f"{IN_FILE}; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)


class Part(NamedTuple):
    """Jobs that belong on pages of their own: a driver's, under their name."""

    heading: str
    jobs: Sequence[Mapping[str, Any]]


@require_safe
@crew_only(Permission.LOOK)
def day_sheet(request: SiteRequest) -> HttpResponse:
    """A day by driver, in driving order; those without one last, for who can give them one."""
    business, actor = request.business, request.user.actor
    roster, today = wiring.roster(business).read(), business.today(wiring.now())
    form, found = DayForm(request.GET, today=today, roster=roster), list[Job]()
    title = _("Day sheet")
    if form.is_valid():
        day, member = form.cleaned_data["day"], form.cleaned_data["member"]
        title = format(day, str(LONG_DAY[1]))
        found = [
            job
            for job in _of_day(request, day)
            if sees(actor, job) and (job.crew.driver or actor.may(Permission.ASSIGN))
            if not member or job.crew.driver == member
        ]
    drivers = {job.crew.driver or "": roster.name_of(job.crew.driver or "") for job in found}

    def whose(job: Job) -> tuple[bool, str, str]:
        driver = job.crew.driver or ""
        return not driver, drivers[driver].casefold(), driver

    found.sort(key=whose)
    parts = [
        Part(
            drivers[driver] or _("No driver yet"),
            [_shown(request, job, roster) for job in in_driving_order(each)],
        )
        for (_none, _name, driver), each in groupby(found, key=whose)
    ]
    name = f"day-{form.data['date']}" if form.is_valid() else "day"
    return _sheet(request, title, parts, name, form=form)


def _of_day(request: SiteRequest, day: date) -> list[Job]:
    """What is promised on that day and not cancelled. Raises StoreUnavailable."""
    book = wiring.jobs(request.business).read(request.revision)
    every = jobs.of_day(request.business, day, book)
    return [job for job in every if job.status is not Status.CANCELLED]


@require_safe
@crew_only(Permission.LOOK)
def sheet(request: SiteRequest, job_id: str) -> HttpResponse:
    """One job."""
    return _of_jobs(request, [job_id])


@require_safe
@crew_only(Permission.LOOK)
def sheets(request: SiteRequest) -> HttpResponse:
    """The jobs of the ids in `job`, in the order in which they are driven."""
    return _of_jobs(request, list(dict.fromkeys(request.GET.getlist("job")))[:MOST_SHEETS])


def _of_jobs(request: SiteRequest, ids: Sequence[str]) -> HttpResponse:
    """Those that are there, for this member; how many are not is told."""
    found, by = list[Job](), request.user.actor
    for job_id in ids:
        try:
            found.append(jobs.find(request.business, job_id, by=by, at_least=request.revision))
        except JobNotFound:
            continue
    if not found:
        return no_job(request)
    found = [
        job
        for _day, each in groupby(sorted(found, key=_day_of), key=_day_of)
        for job in in_driving_order(each)
    ]
    roster = wiring.roster(request.business).read()
    title = _("Job sheet") if len(found) == 1 else count_text(len(found))
    name = f"job-{found[0].id}" if len(found) == 1 else "jobs"
    part = Part("", [_shown(request, job, roster) for job in found])
    return _sheet(request, title, [part], name, missing=len(ids) - len(found))


def _day_of(job: Job) -> date:
    return job.window.date if job.window else date.max


def _shown(request: SiteRequest, job: Job, roster: Roster) -> dict[str, Any]:
    business = request.business
    items = [(item.count, business.item(item.name) or item) for item in job.items]
    return {
        "job": job,
        "driver": roster.name_of(job.crew.driver) if job.crew.driver else "",
        "crew": [(role, roster.name_of(name)) for role in ROLES[1:] if (name := job.field(role))],
        "items": [(count, getattr(each, "label", each.name)) for count, each in items],
        "sees_prices": sees_prices(request.user.actor, business),
    }


def _sheet(
    request: SiteRequest, title: str, parts: Sequence[Part], name: str, **context: Any
) -> HttpResponse:
    """As a page; with `download` as a file, which needs nothing else and asks for nothing."""
    is_file, form = "download" in request.GET, context.get("form")
    is_wrong = bool(form and form.errors)
    # The storage may be silent: paper says when it was so. Of a wrong day nothing was read.
    age = 0 if is_wrong else wiring.jobs(request.business).age()
    style = render_to_string("dispatch/_sheet_style.html")
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    query = request.GET.copy()
    query["download"] = "1"
    context |= {
        "title": title,
        "parts": parts,
        "is_file": is_file,
        "at": wiring.now() - timedelta(seconds=age),
        "style": format_html("<style>{}</style>", mark_safe(style)),  # noqa: S308  our own
        "policy": IN_FILE.format(style=hashed),
        "download": query.urlencode(),
    }
    response = render(request, "dispatch/sheet.html", context, status=422 if is_wrong else 200)
    response.headers["Content-Security-Policy"] = POLICY.format(style=hashed)
    if is_file and not is_wrong:
        safe = "".join(re.findall("[A-Za-z0-9_-]", name))
        response.headers["Content-Disposition"] = f'attachment; filename="{safe}.html"'
    return response
