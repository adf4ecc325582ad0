"""Somebody is sick: their jobs of today are given to others, all in one go."""

from typing import NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dispatch import roster, wiring
from dispatch.domain.availability import driving, free_in, lost_by
from dispatch.domain.job import ROLES, Job
from dispatch.domain.permissions import Permission
from dispatch.domain.roster import Member
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import not_written
from dispatch.forms.several import seen
from dispatch.http import SiteRequest, crew_only, see_other, with_revision
from dispatch.jobs import several
from dispatch.jobs.several import Seen
from dispatch.views.told import Told, key_after, told_of


class Choice(NamedTuple):
    """Who can have one role of a job: each with the places that are taken of theirs."""

    job: Job
    role: str
    free: list[tuple[Member, int]]
    chosen: str  # a username

    @property
    def field(self) -> str:
        return f"{self.role}-{self.job.id}"


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.ASSIGN)
def cover(request: SiteRequest, username: str) -> HttpResponse:
    """Posts a username for each `role-<id>`, and the `version-<id>` that was seen."""
    sick = wiring.roster(request.business).read().value(username)
    if sick is None:
        raise Http404(username)
    if request.method != "POST":
        return _page(request, sick)
    told = _covered(request)
    if told.status >= 400:
        return with_revision(request, _page(request, sick, told), told.revision)
    count = len(told.done)
    words = ngettext("%(count)d job has others now.", "%(count)d jobs have others now.", count)
    messages.success(request, words % {"count": count})
    page = see_other("cover", username) if _choices(request, sick) else see_other("schedule")
    return with_revision(request, page, told.revision)


def _covered(request: SiteRequest) -> Told:
    business, given = request.business, _given(request)
    if not given:
        return Told(_("Nobody was chosen: every job stays as it is."), status=422)
    key = request.POST.get("key", "")
    try:
        done = several.cover(business, given, by=request.user.actor, key=key)
    except StoreUnavailable as error:
        return Told(not_written(error), status=503)
    names = wiring.roster(business).read().name_of
    return told_of(done, business, lambda job: ", ".join(map(names, dict.fromkeys(job.crew))))


def _given(request: SiteRequest) -> dict[Seen, dict[str, str]]:
    """Of the jobs as they were shown, also of those that others have given to somebody since."""
    given = {}
    for name, version in request.POST.items():
        field, _dash, job_id = name.partition("-")
        who = {role: request.POST.get(f"{role}-{job_id}", "") for role in ROLES}
        if field == "version" and any(who.values()):
            given[seen(f"{job_id}/{version}")] = {role: name for role, name in who.items() if name}
    return given


def _page(request: SiteRequest, sick: Member, told: Told | None = None) -> HttpResponse:
    told = told or Told()
    context = {
        "member": sick,
        "told": told,
        "choices": _choices(request, sick),
        "key": key_after(request, told),
    }
    return render(request, "dispatch/cover.html", context, status=told.status)


def _choices(request: SiteRequest, sick: Member) -> list[Choice]:
    """For each role that came back, who is free: proposed is whoever has the most room then, the
    proposals before counted in; or who was chosen already.
    """
    business = request.business
    book, known = wiring.jobs(business).read(request.revision), wiring.roster(business).read()
    today, load = business.today(wiring.now()), driving(book, business)
    back = roster.came_back(book, business, sick.username, today)
    choices = []
    for job in sorted(
        back,
        key=lambda job: (
            job.window is None,
            job.window and job.window.start,
            -business.places_of(job.load),  # small ones find a place beside it, not the other way
        ),
    ):
        needed = business.places_of(job.load)
        for role in lost_by(job, sick.username):
            if job.window is None:
                free = [(member, 0) for member in known.able(role)]
            else:
                free = [
                    (member, load[member.username, job.window.date, job.window.name])
                    for member in free_in(job.window, role, known, load, business, needed)
                ]
            free.sort(key=lambda each: each[1])
            proposed = free[0][0].username if free else ""
            if job.window and role == "driver" and proposed:
                load[proposed, job.window.date, job.window.name] += needed
            choice = Choice(job, role, free, proposed)
            choices.append(choice._replace(chosen=request.POST.get(choice.field, proposed)))
    return choices
