"""The changing part of a customer's page, as its script asks for it again and again."""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from dispatch import positions, wiring
from dispatch.answers import LOOK_AHEAD, Basis, Part, polled
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.http import SiteRequest, etag_of, speak
from dispatch.jobs.link import of_link
from dispatch.jobs.reading import find_by_token
from tracking.public import TrackedJob
from tracking.views.link import age, of_a_link


@dataclass(frozen=True)
class Shown:
    """What the part was made of, and until when it is the same unless the job changes."""

    job: Job
    at: datetime
    until: datetime
    part: Part


@dataclass
class Live:
    business: Business
    token: str
    language: str | None  # of the job, as its customer has chosen it
    carried_language: str
    last: Shown | None = None

    def now(self, revision: int, since: int, known: str) -> Part | None:
        """Raises JobNotFound, StoreUnavailable."""
        job, at = find_by_token(self.business, self.token, revision), wiring.now()
        if job.language != self.language:
            return None
        position, how_old = positions.of(self.business, job, at), age(self.business)
        last, may_last = self.last, position is None and not how_old["out_of_reach"]
        if last and may_last and last.job is job and last.at <= at < last.until:
            return last.part
        roster = wiring.roster(self.business).read()
        shown = TrackedJob.of(job, roster, self.business, at, position)
        # Since when is known to the second only; a time of another day than today says which.
        etag = etag_of((shown, self.business.today(at), how_old["out_of_reach"]))
        context = {
            "job": shown,
            "token": self.token,
            "business": self.business,
            "carried_language": self.carried_language,
            **how_old,
        }
        part = Part(etag, lambda: render_to_string("tracking/_live.html", context))
        self.last = None
        then = at + LOOK_AHEAD
        if may_last and showing(self.business, job, at) == showing(self.business, job, then):
            self.last = Shown(job, at, then, part)
        return part


def showing(business: Business, job: Job, at: datetime) -> tuple[TrackedJob, date]:
    """What a page without a position shows of it."""
    roster = wiring.roster(business).read()
    return TrackedJob.of(job, roster, business, at), business.today(at)


@require_safe
@of_a_link
def live(request: SiteRequest, token: str) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    basis = Basis.of(request)
    job = of_link(request, token)
    speak(request, job.language)
    poll = Live(request.business, token, job.language, request.carried_language)
    return polled(request, basis, poll)
