"""A job's photos: adding some, and looking at one."""

from typing import cast

from django.core.files.base import File
from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dispatch import jobs
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.permissions import Permission
from dispatch.domain.visit.photo import Kind
from dispatch.explain.history import photos_text
from dispatch.explain.words import told
from dispatch.http import SiteRequest, as_picture, crew_only
from dispatch.jobs import photos as kept
from dispatch.views.drawer import Outcome, job_action, no_job, takes_json, tap_sent
from dispatch.views.visit.album import KINDS

WHICH_KIND = gettext_lazy("Say what the photos show: before, after or a problem.")


@job_action(Permission.PHOTO)
def add(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """Files called `photo`, all of one `kind`. Those that are no pictures are told, and the others
    added: what a driver has taken at one place is nowhere else.
    """
    kind = request.POST.get("kind", "")
    if kind not in KINDS:
        raise InvalidInput({"kind": str(WHICH_KIND)})
    files = cast("list[File[bytes]]", request.FILES.getlist("photo"))
    by, tap = request.user.actor, tap_sent(request)
    added = kept.take(request.business, job.id, files, Kind(kind), by=by, **tap)
    words = [f"{photos_text(added.kept, kind)}.", *map(told, added.refused)]
    said = " ".join(words)
    if added.refused and takes_json(request):
        # It stays in the day's queue until its person has seen it; sent again it is done.
        raise InvalidInput({"photo": said})
    return added.done, said


@require_safe
@crew_only(Permission.LOOK)
def photo(request: SiteRequest, job_id: str, photo_id: str) -> HttpResponse:
    try:
        job = jobs.find(request.business, job_id, by=request.user.actor)
    except JobNotFound:
        return no_job(request)
    body = kept.picture(request.business, job, photo_id)
    return no_job(request) if body is None else as_picture(body)
