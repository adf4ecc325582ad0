"""The language in which the customer wants the page and the messages of a job."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from dispatch import jobs
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.explain import explain
from dispatch.http import LANGUAGE_PARAMETER, SiteRequest, own_pages_only
from dispatch.ratelimit import TooMany
from tracking.public import tracked
from tracking.views.link import counted, of_a_link, refused, to_page, too_often


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
@of_a_link
def language(request: SiteRequest, token: str) -> HttpResponse:
    """POST keeps it with the job."""
    _shown, job = tracked(request, token)
    return _kept(request, token, job) if request.method == "POST" else to_page(request, token)


def _kept(request: SiteRequest, token: str, job: Job) -> HttpResponse:
    business, chosen = request.business, request.POST.get(LANGUAGE_PARAMETER, "")
    try:
        with counted(request, job):
            jobs.choose_language(business, job.id, chosen)
    except InvalidInput as error:
        return refused(request, token, job, explain(error, business))
    except TooMany as error:
        return too_often(request, token, job, error)
    return to_page(request, token)
