"""Where a driver is on the way to a customer: told by their phone, each time only if they agree."""

from django.http import HttpResponse, JsonResponse

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
    """`lat` and `lon` in degrees, `ago_s`. It is `kept`, says the answer, of who has said that they
    are on the way, for as long as they are.
    """
    business, at, who = request.business, wiring.now(), request.user.username
    try:
        job = jobs.find(business, job_id, by=request.user.actor)
        ago = tap_sent(request)["ago"]
        told = Position.typed(request.POST.dict(), at - ago)
    except JobNotFound:
        return no_job(request)
    except InvalidInput as error:
        return JsonResponse({"said": explain(error, business)}, status=422)
    way = job.on_my_way if job.still_coming else None
    is_kept = way is not None and way.by == who and ago <= KEPT
    if is_kept:
        positions.keep(business, job, told)
    return JsonResponse({"kept": is_kept})
