"""The dispatcher's own pages: jobs taken by phone, and requests that pour in."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.accounts import CrewRequest, crew_only
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.job import Job
from dispatch.domain.permissions import Act
from dispatch.domain.status import Status
from dispatch.forms.job import NewJobForm
from dispatch.seen import remember
from dispatch.views.posts import UNSURE


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Act.CREATE)
def new_job(request: CrewRequest) -> HttpResponse:
    form = NewJobForm(request.POST if request.method == "POST" else None, business=request.business)
    if request.method != "POST" or not form.is_valid():
        key = request.POST.get("key") or wiring.new_token()
        status = 422 if request.method == "POST" else 200
        return _new_job_page(request, form, status, key=key)
    try:
        done = jobs.create(
            request.business,
            form.job_fields(),
            status=Status(form.cleaned_data["status"]),
            by=request.user.username,
            key=request.POST.get("key", ""),
        )
    except jobs.KeyReused as error:
        form.add_error(None, "You have already saved this as another job. Save again to add one.")
        return _new_job_page(request, form, 409, key=wiring.new_token(), earlier=error.job)
    except StoreUnavailable:
        form.add_error(None, UNSURE)  # with the same key it is not made twice
        return _new_job_page(request, form, 503, key=request.POST.get("key", ""))
    messages.success(request, f"{done.job.customer_name} is on the board.")
    response = HttpResponseRedirect(reverse("job", args=[done.job.id]), status=303)
    return remember(request, response, done.revision)


def _new_job_page(
    request: CrewRequest, form: NewJobForm, status: int, *, key: str, earlier: Job | None = None
) -> HttpResponse:
    context = {"form": form, "key": key, "earlier": earlier}
    return render(request, "dispatch/new_job.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Act.DISCARD)
def requests(request: CrewRequest) -> HttpResponse:
    """Every request nobody has looked at, by sender; junk is discarded in one go."""
    if request.method == "POST":
        gone, revision = jobs.discard(request.business, set(request.POST.getlist("job")))
        messages.success(request, f"{gone} request{'' if gone == 1 else 's'} discarded.")
        response = HttpResponseRedirect(reverse("requests"), status=303)
        return remember(request, response, revision)
    waiting = jobs.untouched_requests(wiring.jobs(request.business).refreshed())
    context = {"senders": _by_sender(waiting), "count": len(waiting)}
    return render(request, "dispatch/requests.html", context)


def _by_sender(waiting: list[Job]) -> list[list[Job]]:
    """The one who sends most comes first."""
    senders: dict[str, list[Job]] = defaultdict(list)
    for job in waiting:
        senders[jobs.sender(job) or job.id].append(job)
    return sorted(senders.values(), key=len, reverse=True)
