"""`/api/jobs` and `/api/jobs/<id>`: read, make, edit."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from django.http import HttpResponse
from dmr import Headers, Path, Query, validate
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec
from msgspec import Meta
from msgspec.structs import replace

from dispatch import jobs, wiring
from dispatch.api.base import CHANGE, JOB_NOW, ONE_JOB, READ, REVISION_TEXT, Api, problems, success
from dispatch.api.bounds import KEY, LONGEST_KEY
from dispatch.api.examples import JOB, JOBS, MADE_JOB
from dispatch.api.guard import MemberAuth
from dispatch.api.paging import page
from dispatch.api.problems import Invalid
from dispatch.api.shapes import (
    JobEdit,
    JobPage,
    JobPath,
    JobView,
    ListQuery,
    MadeJob,
    MakingHeaders,
    NewJob,
    PollHeaders,
    SeenQuery,
)
from dispatch.domain import job_input
from dispatch.domain.job import Crew, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import IllegalMove
from dispatch.domain.permissions import Act, sees, sees_prices
from dispatch.etag import etag_of, is_known
from dispatch.links import tracking_url
from dispatch.seen import revision_seen

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


class JobsApi(Api):
    tags = ("Jobs",)

    @validate(
        success(
            Annotated[JobPage, Meta(examples=[JOBS])], "A page of jobs.", ETag="of this answer"
        ),
        success(
            None, "As your ETag says.", status=HTTPStatus.NOT_MODIFIED, ETag="of what you have"
        ),
        *READ,
        auth=[MemberAuth(Act.LOOK)],
        operation_id="listJobs",
    )
    def get(
        self, parsed_query: Query[ListQuery], parsed_headers: Headers[PollHeaders]
    ) -> HttpResponse:
        """List jobs

        Oldest first. Send the `ETag` of an answer as `If-None-Match` to hear only of news.
        """
        book = wiring.jobs(self.business).read(revision_seen(self.request))
        etag = self._etag(book, parsed_query)
        if is_known(self.request, etag):
            response = self.to_response(None, status_code=HTTPStatus.NOT_MODIFIED)
            del response.headers["Content-Type"]
        else:
            jobs, after = page(self.seen(book), parsed_query)
            response = self.answer(JobPage(tuple(map(self.view, jobs)), book.revision, after))
        response.headers["ETag"] = etag
        return response

    @validate(
        success(
            Annotated[MadeJob, Meta(examples=[MADE_JOB])],
            "The new job.",
            status=HTTPStatus.CREATED,
            X_Revision=REVISION_TEXT,
        ),
        *CHANGE,
        *problems(
            conflict="This idempotency key made another job, which is in `job`; or somebody cannot"
            " take a role: where it says `insistable`, a call with `insist` goes through."
        ),
        auth=[MemberAuth(Act.CREATE)],
        operation_id="createJob",
    )
    def post(
        self,
        parsed_headers: Headers[MakingHeaders],
        parsed_body: BodyMsgspec[Annotated[NewJob, NEW_JOB]],
    ) -> HttpResponse:
        """Take on a job

        With an `Idempotency-Key` you may repeat the call as often as you like: it makes one job.
        """
        done = self._make(parsed_body, _key(parsed_headers.idempotency_key))
        job = done.job
        made = MadeJob(job.id, job.tracking_token, tracking_url(self.request, job), self.view(job))
        return self.answer(made, status=HTTPStatus.CREATED, revision=done.revision)

    def _make(self, given: NewJob, key: str) -> jobs.Done:
        sent = msgspec.to_builtins(given)
        fields = job_input.clean(sent, self.business)
        if given.crew:
            fields["crew"] = Crew(**job_input.roles(sent["crew"]))
        try:
            return jobs.create(
                *(self.business, fields),
                status=given.status,
                by=self.user.username,
                key=key,
                insist=given.insist,
            )
        except IllegalMove as refusal:
            raise Invalid.field("status", str(refusal)) from None

    def seen(self, book: JobBook) -> list[Job]:
        return [job for job in book.jobs if sees(self.actor, job)]

    def _etag(self, book: JobBook, query: ListQuery) -> str:
        """Changes with everything that the answer says, and with nothing else."""
        seen = sees_prices(self.business, self.user.member)
        asked = replace(query, r=0)  # how fresh it had to be says nothing of what it is
        shown = (self.business.slug, self.actor, book.revision, book.updated_at, seen, asked)
        return etag_of(shown)


class JobApi(Api):
    tags = ("Jobs",)

    @validate(
        success(Annotated[JobView, Meta(examples=[JOB])], "The job."),
        *READ,
        *ONE_JOB,
        auth=[MemberAuth(Act.LOOK)],
        operation_id="getJob",
    )
    def get(self, parsed_path: Path[JobPath], parsed_query: Query[SeenQuery]) -> HttpResponse:
        """Read a job"""
        seen = revision_seen(self.request)
        return self.answer(self.view(self.find(parsed_path.job_id, seen)))

    @validate(
        JOB_NOW,
        *CHANGE,
        *ONE_JOB,
        *problems(conflict="Somebody else changed the same field; the fresh job is in `job`."),
        auth=[MemberAuth(Act.EDIT)],
        operation_id="editJob",
    )
    def patch(
        self, parsed_path: Path[JobPath], parsed_body: BodyMsgspec[Annotated[JobEdit, JOB_EDIT]]
    ) -> HttpResponse:
        """Edit a job

        Only the fields that you send. With `version`, the one you saw, a field that somebody
        else has changed since is not overwritten. Status, crew and notes have calls of their own;
        `paid`, `on_my_way`, `eta` and `photos` are not edited here.
        """
        job = self.find(parsed_path.job_id)
        fields = job_input.clean(msgspec.to_builtins(parsed_body), self.business, job)
        return self.changed(
            jobs.edit(self.business, job.id, fields, by=self.actor, version=parsed_body.version)
        )


def _key(header: str) -> str:
    if len(header) > LONGEST_KEY or not KEY.fullmatch(header):
        detail = f"It has at most {LONGEST_KEY} printable characters of ASCII."
        raise Invalid.field("Idempotency-Key", detail)
    return header
