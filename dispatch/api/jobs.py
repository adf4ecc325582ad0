"""`/api/jobs` and below: list, take on, read, edit, move and note jobs, assign their crews."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from django.http import HttpResponse
from dmr import Headers, Path, Query
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec

from dispatch import jobs, wiring
from dispatch.api.base import JOB_NOW, REVISION_TEXT, Api, call, success
from dispatch.api.paging import finished_on, page
from dispatch.api.schemas import (
    JOB,
    KEY,
    LONGEST_KEY,
    CrewChange,
    JobEdit,
    JobPage,
    JobPath,
    JobView,
    ListQuery,
    MadeJob,
    MadeNote,
    MakingHeaders,
    NewJob,
    NewNote,
    PollHeaders,
    SeenQuery,
    StatusMove,
)
from dispatch.domain import job_input
from dispatch.domain.job import Crew
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import IllegalMove, targets
from dispatch.domain.permissions import Permission, sees, sees_prices
from dispatch.domain.search import Found
from dispatch.explain import explain
from dispatch.http import etag_of, is_known, tracking_url

CREATED, NOT_MODIFIED = HTTPStatus.CREATED, HTTPStatus.NOT_MODIFIED
NEW_JOB = MediaTypeMetadata(
    example={
        "customer_name": "Mark",
        "location": "1420 Soderblom Ave, San Diego",
        "phone": "(619) 555-0142",
        "load": "half",
        "price": 320,
        "window": {"date": "2026-05-23", "name": "afternoon"},
    }
)
JOB_EDIT = MediaTypeMetadata(example={"price": 285.5, "access_notes": "Gate 4711", "version": 3})
MOVE = MediaTypeMetadata(example={"status": "in_progress", "expected": "ready_for_pickup"})
CHANGE = {"driver": "joel", "first_mate": None, "version": 3, "insist": False}
CREW = MediaTypeMetadata(example=CHANGE)
TEXT = "The couch is behind the garage."
NOTE = MediaTypeMetadata(example={"text": TEXT})
MADE_NOTE = {"note": {"at": "2026-05-22T19:05:00Z", "by": "joel", "text": TEXT}, "version": 4}
JOB_PAGE = {"jobs": [JOB], "revision": 17, "next": None}
MADE_JOB = {
    "job_id": JOB["id"],
    "tracking_token": JOB["tracking_token"],
    "tracking_url": f"https://quickdumpnow.com/track/{JOB['tracking_token']}",
    "job": JOB,
}


def _key(headers: MakingHeaders) -> str:
    """Raises InvalidInput."""
    key = headers.idempotency_key
    if len(key) > LONGEST_KEY or not KEY.fullmatch(key):
        sentence = f"It has at most {LONGEST_KEY} printable characters of ASCII."
        raise InvalidInput({"Idempotency-Key": sentence})
    return key


class JobsApi(Api):
    @call(
        "listJobs",
        success(JobPage, "A page of jobs.", JOB_PAGE, ETag="of this answer"),
        success(None, "As your ETag says.", status=NOT_MODIFIED, ETag="of what you have"),
        permission=Permission.LOOK,
    )
    def get(
        self, parsed_query: Query[ListQuery], parsed_headers: Headers[PollHeaders]
    ) -> HttpResponse:
        """List jobs

        Oldest first. Send the `ETag` of an answer as `If-None-Match` to hear only of news. With
        `from` and `to`, those that were completed or cancelled on these days, in that order.
        """
        book = wiring.jobs(self.business).read(self.request.revision)
        days = finished_on(parsed_query)
        finished = jobs.finished(self.business, *days, book=book) if days else []
        etag = self._etag(book, parsed_query, finished)
        if is_known(self.request, etag):
            response = self.answer(None, status=NOT_MODIFIED)
            del response.headers["Content-Type"]
        else:
            listed = finished if days else book.found
            visible = (each for each in listed if sees(self.actor, each.line))
            shown, after = page(visible, parsed_query, self.business)
            views = tuple(self.view(job) for each in shown if (job := each.whole()))
            response = self.answer(JobPage(views, book.revision, after))
        response.headers["ETag"] = etag
        return response

    @call(
        "createJob",
        success(MadeJob, "The new job.", MADE_JOB, status=CREATED, X_Revision=REVISION_TEXT),
        permission=Permission.CREATE,
        conflict="This idempotency key made another job, which is in `job`; or somebody cannot"
        " take a role: where it says `insistable`, a call with `insist` goes through.",
    )
    def post(
        self,
        parsed_headers: Headers[MakingHeaders],
        parsed_body: BodyMsgspec[Annotated[NewJob, NEW_JOB]],
    ) -> HttpResponse:
        """Take on a job

        With an `Idempotency-Key` you may repeat the call as often as you like: it makes one job.
        """
        key = _key(parsed_headers)
        sent = msgspec.to_builtins(parsed_body)
        fields = job_input.clean(sent, self.business)
        if parsed_body.crew:
            fields["crew"] = Crew(**job_input.roles(sent["crew"]))
        try:
            done = jobs.create(
                *(self.business, fields),
                status=parsed_body.status,
                by=self.actor.name,
                key=key,
                insist=parsed_body.insist,
            )
        except IllegalMove as refusal:
            raise InvalidInput({"status": explain(refusal, self.business)}) from None
        job = done.job
        made = MadeJob(job.id, job.tracking_token, tracking_url(self.request, job), self.view(job))
        return self.answer(made, status=CREATED, revision=done.revision)

    def _etag(self, book: JobBook, query: ListQuery, finished: list[Found]) -> str:
        """Changes with everything that the answer says, and with nothing else."""
        shows_prices = sees_prices(self.actor, self.business)
        # How fresh it had to be says nothing of what it is.
        asked = msgspec.structs.replace(query, r=0)
        # What is archived changes without the book.
        past = [(each.line.id, each.line.version) for each in finished]
        state = (book.revision, book.updated_at, past)
        return etag_of((self.business.slug, self.actor, *state, shows_prices, asked))


class JobApi(Api):
    @call("getJob", success(JobView, "The job.", JOB), permission=Permission.LOOK)
    def get(self, parsed_path: Path[JobPath], parsed_query: Query[SeenQuery]) -> HttpResponse:
        """Read a job"""
        return self.answer(self.view(self.find(parsed_path.job_id, self.request.revision)))

    @call(
        "editJob",
        JOB_NOW,
        permission=Permission.EDIT,
        conflict="Somebody else changed the same field; the fresh job is in `job`. Or the window is"
        " full: then `insistable`, and a call with `insist` goes through.",
    )
    def patch(
        self,
        parsed_path: Path[JobPath],
        parsed_headers: Headers[MakingHeaders],
        parsed_body: BodyMsgspec[Annotated[JobEdit, JOB_EDIT]],
    ) -> HttpResponse:
        """Edit a job

        Only the fields that you send: the price stays as it is with another `load` too, unless
        you send it. With `version`, the one you saw, a field that somebody
        else has changed since is not overwritten. Status, crew and notes have calls of their own;
        `paid`, `on_my_way`, `eta` and `photos` are not edited here.
        """
        job = self.find(parsed_path.job_id)
        fields = job_input.clean(msgspec.to_builtins(parsed_body), self.business, job)
        return self.changed(
            jobs.edit(
                *(self.business, job.id, fields),
                by=self.actor,
                version=parsed_body.version,
                insist=parsed_body.insist,
                key=_key(parsed_headers),
            )
        )


class StatusApi(Api):
    @call(
        "moveJob",
        JOB_NOW,
        permission=Permission.MOVE,
        conflict="No longer at `expected`; the fresh job is in `job`. Or its window is full: then"
        " `insistable`, and a call with `insist` goes through.",
    )
    def post(
        self,
        parsed_path: Path[JobPath],
        parsed_headers: Headers[MakingHeaders],
        parsed_body: BodyMsgspec[Annotated[StatusMove, MOVE]],
    ) -> HttpResponse:
        """Move a job

        Say in `expected` at which status you saw it. Backwards, and to `cancelled`, needs a
        `reason`. The crew give a job back, to `booked`, with `no_access`, `not_ready`, `unsafe` or
        `other: ` and a few words.
        """
        job_id, to, expected = parsed_path.job_id, parsed_body.status, parsed_body.expected
        reason, key = job_input.text("reason", parsed_body.reason), _key(parsed_headers)
        try:
            done = jobs.move(
                *(self.business, job_id, to),
                by=self.actor,
                expected=expected,
                reason=reason,
                insist=parsed_body.insist,
                key=key,
            )
        except IllegalMove as refusal:
            # A move that would be fine with a reason lacks just that.
            field = "reason" if to in targets(self.find(job_id), self.actor) else "status"
            raise InvalidInput({field: explain(refusal, self.business)}) from None
        return self.changed(done)


class CrewApi(Api):
    @call(
        "assignCrew",
        JOB_NOW,
        permission=Permission.ASSIGN,
        conflict="Somebody cannot take that role, or another has changed it since.",
    )
    def put(
        self,
        parsed_path: Path[JobPath],
        parsed_headers: Headers[MakingHeaders],
        parsed_body: BodyMsgspec[Annotated[CrewChange, CREW]],
    ) -> HttpResponse:
        """Assign the crew

        Usernames by role; null takes the role from whoever has it, and roles that are left out
        stay as they are. Where somebody cannot, the answer says who is free instead; where it says
        `insistable`, a call with `insist` goes through.
        """
        return self.changed(
            jobs.assign(
                self.business,
                parsed_path.job_id,
                job_input.roles(msgspec.to_builtins(parsed_body)),
                by=self.actor,
                version=parsed_body.version,
                insist=parsed_body.insist,
                key=_key(parsed_headers),
            )
        )


class NotesApi(Api):
    @call(
        "addNote",
        success(MadeNote, "The note.", MADE_NOTE, status=CREATED, X_Revision=REVISION_TEXT),
        permission=Permission.NOTE,
    )
    def post(
        self,
        parsed_path: Path[JobPath],
        parsed_headers: Headers[MakingHeaders],
        parsed_body: BodyMsgspec[Annotated[NewNote, NOTE]],
    ) -> HttpResponse:
        """Add a note

        For the crew alone: customers never see it. With an `Idempotency-Key` it is added once,
        however often you repeat the call.
        """
        text, key = job_input.text("text", parsed_body.text), _key(parsed_headers)
        done = jobs.note(self.business, parsed_path.job_id, text, by=self.actor, key=key)
        said = (self.actor.name, text)
        note = next(each for each in reversed(done.job.notes) if (each.by, each.text) == said)
        made = MadeNote(note, done.job.version)
        return self.answer(made, status=CREATED, revision=done.revision)
