"""Where a driver is on the way to a customer: told by their phone, each time only if they agree."""

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from dispatch import jobs, positions, wiring
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.permissions import Permission
from dispatch.domain.visit.position import KEPT, Position
from dispatch.explain import explain
from dispatch.http import SiteRequest, crew_only, post_only
from dispatch.views.drawer import no_job, tap_sent


@post_only("job")
@crew_only(Permission.ESTIMATE)
def position(request: SiteRequest, job_id: str) -> HttpResponse:
    """`lat` and `lon` in degrees, `ago_s`; for who has said that they are on the way."""
    business, at, who = request.business, wiring.now(), request.user.username
    try:
        job = jobs.find(business, job_id, by=request.user.actor)
        ago = tap_sent(request)["ago"]
        told = Position.typed(request.POST.dict(), at - ago)
    except JobNotFound:
        return no_job(request)
    except InvalidInput as error:
        return JsonResponse({"said": explain(error, business)}, status=422)
    if not (job.still_coming and job.on_my_way and job.on_my_way.by == who) or ago > KEPT:
        said = _("The customer is shown where you are only while you are on the way.")
        return JsonResponse({"said": said}, status=409)
    positions.keep(business, job, told)
    return JsonResponse({})
