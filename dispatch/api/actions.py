"""What is done to a job: move it, assign its crew, note something."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from django.http import HttpResponse
from dmr import Path, validate
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec
from msgspec import Meta

from dispatch import jobs
from dispatch.api.base import CHANGE, JOB_NOW, ONE_JOB, REVISION_TEXT, Api, problems, success
from dispatch.api.examples import MADE_NOTE
from dispatch.api.guard import MemberAuth
from dispatch.api.problems import Invalid
from dispatch.api.shapes import CrewChange, JobPath, MadeNote, NewNote, StatusMove
from dispatch.domain import job_input
from dispatch.domain.job import Job
from dispatch.domain.moves import IllegalMove, targets
from dispatch.domain.permissions import Act
from dispatch.domain.status import Status

MOVE = MediaTypeMetadata(example={"status": "in_progress", "expected": "ready_for_pickup"})
CREW = MediaTypeMetadata(
    example={"driver": "joel", "first_mate": None, "version": 3, "insist": False}
)
NOTE = MediaTypeMetadata(example={"text": "The couch is behind the garage."})


class StatusApi(Api):
    tags = ("Jobs",)

    @validate(
        JOB_NOW,
        *CHANGE,
        *ONE_JOB,
        *problems(conflict="No longer at `expected`; the fresh job is in `job`."),
        auth=[MemberAuth(Act.MOVE)],
        operation_id="moveJob",
    )
    def post(
        self, parsed_path: Path[JobPath], parsed_body: BodyMsgspec[Annotated[StatusMove, MOVE]]
    ) -> HttpResponse:
        """Move a job

        Say in `expected` at which status you saw it. Backwards, and to `cancelled`, needs a
        `reason`.
        """
        job_id, to = parsed_path.job_id, parsed_body.status
        reason = job_input.text("reason", parsed_body.reason)
        try:
            done = jobs.move(
                *(self.business, job_id, to),
                by=self.actor,
                expected=parsed_body.expected,
                reason=reason,
            )
        except IllegalMove as refusal:
            job = self.find(job_id)
            raise Invalid.field(self._what_is_wrong(job, to), str(refusal)) from None
        return self.changed(done)

    def _what_is_wrong(self, job: Job, to: Status) -> str:
        """A move that would be fine with a reason lacks just that."""
        return "reason" if to in targets(job, self.actor) else "status"


class CrewApi(Api):
    tags = ("Jobs",)

    @validate(
        JOB_NOW,
        *CHANGE,
        *ONE_JOB,
        *problems(conflict="Somebody cannot take that role, or another has changed it since."),
        auth=[MemberAuth(Act.ASSIGN)],
        operation_id="assignCrew",
    )
    def put(
        self, parsed_path: Path[JobPath], parsed_body: BodyMsgspec[Annotated[CrewChange, CREW]]
    ) -> HttpResponse:
        """Assign the crew

        Usernames by role; null takes the role from whoever has it, and roles that are left out
        stay as they are. Where somebody cannot, the answer says who is free instead; where it says
        `insistable`, a call with `insist` goes through.
        """
        roles = job_input.roles(msgspec.to_builtins(parsed_body))
        return self.changed(
            jobs.assign(
                *(self.business, parsed_path.job_id, roles),
                by=self.actor,
                version=parsed_body.version,
                insist=parsed_body.insist,
            )
        )


class NotesApi(Api):
    tags = ("Jobs",)

    @validate(
        success(
            Annotated[MadeNote, Meta(examples=[MADE_NOTE])],
            "The note.",
            status=HTTPStatus.CREATED,
            X_Revision=REVISION_TEXT,
        ),
        *CHANGE,
        *ONE_JOB,
        auth=[MemberAuth(Act.NOTE)],
        operation_id="addNote",
    )
    def post(
        self, parsed_path: Path[JobPath], parsed_body: BodyMsgspec[Annotated[NewNote, NOTE]]
    ) -> HttpResponse:
        """Add a note

        For the crew alone: customers never see it.
        """
        text = job_input.text("text", parsed_body.text)
        done = jobs.note(self.business, parsed_path.job_id, text, by=self.actor)
        made = MadeNote(done.job.notes[-1], done.job.version)
        return self.answer(made, status=HTTPStatus.CREATED, revision=done.revision)
