"""Customers' requests that nobody has looked at yet, and junk among them."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain.job import Job
from dispatch.domain.permissions import Permission
from dispatch.http import SiteRequest, crew_only, see_other, with_revision


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.DISCARD)
def requests(request: SiteRequest) -> HttpResponse:
    """All of them by sender; junk is discarded in one go."""
    if request.method == "POST":
        gone, revision = jobs.discard(request.business, set(request.POST.getlist("job")))
        messages.success(request, f"{gone} request{'' if gone == 1 else 's'} discarded.")
        return with_revision(request, see_other("requests"), revision)
    waiting = jobs.untouched_requests(wiring.jobs(request.business).refreshed())
    context = {"senders": _by_sender(waiting), "count": len(waiting)}
    return render(request, "dispatch/requests.html", context)


def _by_sender(waiting: list[Job]) -> list[list[Job]]:
    """The one who sends most comes first."""
    senders: dict[str, list[Job]] = defaultdict(list)
    for job in waiting:
        senders[jobs.sender(job) or job.id].append(job)
    return sorted(senders.values(), key=len, reverse=True)
