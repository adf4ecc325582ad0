"""The changing part of a customer's page, as its script asks for it again and again."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from weakref import ref

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe

from dispatch import positions, wiring
from dispatch.answers import LOOK_AHEAD, Basis, Part, polled
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.http import SiteRequest, etag_of, speak
from dispatch.jobs.link import of_link
from dispatch.jobs.reading import find_by_token
from tracking.public import TrackedJob
from tracking.views.link import age, of_a_link


@dataclass(frozen=True)
class Shown:
    """What the part was made of, and when it is the same unless the job changes."""

    job: Job
    at: datetime
    until: datetime
    part: Part


@dataclass
class Live:
    business: Business
    token: str
    written: str | None  # the job's language, as its customer has chosen it
    spoken: str  # on this page
    carried_language: str
    last: Shown | None = None
    book: "ref[JobBook] | None" = None  # which has the job as it was

    def now(self, revision: int, since: int, known: str) -> Part | None:
        """Raises JobNotFound, StoreUnavailable."""
        at, last = wiring.now(), self.last
        if last and last.at <= at < last.until and self._is_same(last.job, revision):
            return last.part
        job = find_by_token(self.business, self.token, revision)
        return self.part(job, at) if job.language == self.written else None

    def part(self, job: Job, at: datetime) -> Part:
        """That of the job as it was found at that moment."""
        with override(self.spoken):
            return self._part(job, at)

    def _is_same(self, job: Job, revision: int) -> bool:
        """Raises JobNotFound, StoreUnavailable."""
        jobs = wiring.jobs(self.business)
        book = jobs.read(revision)
        if not (self.book and self.book() is book) and book.by_token(self.token) is job:
            self.book = ref(book)
        return bool(self.book and self.book() is book) and not jobs.is_doubted

    def _part(self, job: Job, at: datetime) -> Part:
        business, how_old = self.business, age(self.business)
        position, roster = positions.of(business, job, at), wiring.roster(business).read()
        shown = TrackedJob.of(job, roster, business, at, position)
        # Since when is known to the second only; a time of another day than today says which.
        etag = etag_of((shown, business.today(at), how_old["out_of_reach"]))
        context = {
            "job": shown,
            "token": self.token,
            "business": business,
            "carried_language": self.carried_language,
            **how_old,
        }
        part, then = Part(etag, lambda: self._html(context)), at + LOOK_AHEAD
        lasts = not (
            how_old["out_of_reach"]
            or job.on_my_way  # a position may come at any time
            or business.link_is_over(job.finished_at, then)
            or showing(business, job, at) != showing(business, job, then)
        )
        self.last = Shown(job, at, then, part) if lasts else None
        return part

    def _html(self, context: dict[str, Any]) -> str:
        with override(self.spoken):
            return render_to_string("tracking/_live.html", context)


def showing(business: Business, job: Job, at: datetime) -> tuple[TrackedJob, date]:
    """What a page without a position shows of it."""
    roster = wiring.roster(business).read()
    return TrackedJob.of(job, roster, business, at), business.today(at)


@require_safe
@of_a_link
def live(request: SiteRequest, token: str) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    basis, at = Basis.of(request), wiring.now()
    job = of_link(request, token)
    speak(request, job.language)
    spoken = get_language() or ""
    poll = Live(request.business, token, job.language, spoken, request.carried_language)
    return polled(request, basis, poll, poll.part(job, at))
