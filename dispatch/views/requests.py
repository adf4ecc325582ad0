"""Customers' requests that nobody has looked at yet, and junk among them."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain.job import Job
from dispatch.domain.permissions import Permission
from dispatch.http import SiteRequest, crew_only, see_other, with_revision


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.DISCARD)
def requests(request: SiteRequest) -> HttpResponse:
    """All of them by sender, who sent most first; junk is discarded in one go."""
    if request.method == "POST":
        gone, revision = jobs.discard(request.business, set(request.POST.getlist("job")))
        messages.success(request, f"{gone} request{pluralize(gone)} discarded.")
        return with_revision(request, see_other("requests"), revision)
    waiting = wiring.jobs(request.business).read(request.revision).untouched
    by_sender: dict[str, list[Job]] = defaultdict(list)
    for job in waiting:
        by_sender[job.sender or job.id].append(job)
    senders = sorted(by_sender.values(), key=len, reverse=True)
    context = {"senders": senders, "count": len(waiting)}
    return render(request, "dispatch/requests.html", context)
