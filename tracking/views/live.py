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
from dispatch.answers import Basis, Part, polled, same_until
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook
from dispatch.http import SiteRequest, etag_of, speak
from dispatch.jobs.link import of_link
from dispatch.jobs.reading import find_by_token
from tracking.public import TrackedJob
from tracking.views.link import age, of_a_link


@dataclass(frozen=True)
class LastPart:
    """The part, the job it was made of, and the span of time in which it changes only if the job
    does.
    """

    job: Job
    at: datetime
    until: datetime
    part: Part


@dataclass
class Live:
    """The poll of one link, by browsers that see its page in one language."""

    business: Business
    token: str
    written: str | None  # the job's language, as its customer has chosen it
    spoken: str  # on this page
    carried_language: str
    last: LastPart | None = None
    book: "ref[JobBook] | None" = None  # which has the job as it was

    def now(self, revision: int, since: int, known: str) -> Part | None:
        """Raises JobNotFound, StoreUnavailable."""
        at, last = wiring.now(), self.last
        if last and last.at <= at < last.until and self._is_same(last.job, revision):
            return last.part
        job = find_by_token(self.business, self.token, revision)
        return self.part(job, at) if job.language == self.written else None

    def part(self, job: Job, at: datetime) -> Part:
        """That of the job as it was found at that moment, which is now the last that was seen."""
        with override(self.spoken):
            return self._part(job, at)

    def _is_same(self, job: Job, revision: int) -> bool:
        """Whether the link still finds this very job. Raises JobNotFound, StoreUnavailable."""
        jobs = wiring.jobs(self.business)
        book = jobs.read(revision)
        if self.book is None or self.book() is not book:
            if book.by_token(self.token) is not job:
                return False
            self.book = ref(book)
        return not jobs.is_doubted

    def _part(self, job: Job, at: datetime) -> Part:
        business, how_old = self.business, age(self.business)
        position, roster = positions.of(business, job, at), wiring.roster(business).read()
        shown = TrackedJob.of(job, roster, business, at, position)
        # Without `as_of`, which may be a second more or less each time that it is worked out; with
        # today, as times of another day say which.
        etag = etag_of((shown, business.today(at), how_old["out_of_reach"]))
        context = {
            "job": shown,
            "token": self.token,
            "business": business,
            "carried_language": self.carried_language,
            **how_old,
        }
        part = Part(etag, lambda: self._html(context))
        # A position may come at any time, and the storage answer again.
        may_change = job.on_my_way or how_old["out_of_reach"]
        until = None if may_change else same_until(lambda at: showing(business, job, at), at)
        if until and business.link_is_over(job.finished_at, until):
            until = None
        self.last = LastPart(job, at, until, part) if until else None
        return part

    def _html(self, context: dict[str, Any]) -> str:
        with override(self.spoken):
            return render_to_string("tracking/_live.html", context)


def showing(business: Business, job: Job, at: datetime) -> tuple[TrackedJob, date]:
    """What a page without a position shows of the job, and on which day."""
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
