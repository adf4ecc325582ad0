"""`POST /api/jobs/<id>/notes`: the crew's own words on a job."""

from http import HTTPStatus
from typing import Annotated

from django.http import HttpResponse
from dmr import Path, validate
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec

from dispatch import jobs
from dispatch.api.auth import MemberAuth
from dispatch.api.base import CHANGE, ONE_JOB, REVISION_TEXT, Api, success
from dispatch.api.schemas import JobPath, MadeNote, NewNote
from dispatch.domain import job_input
from dispatch.domain.permissions import Permission

TEXT = "The couch is behind the garage."
NOTE = MediaTypeMetadata(example={"text": TEXT})
MADE_NOTE = {"note": {"at": "2026-05-22T19:05:00Z", "by": "joel", "text": TEXT}, "version": 4}


class NotesApi(Api):
    tags = ("Jobs",)

    @validate(
        success(
            MadeNote,
            "The note.",
            example=MADE_NOTE,
            status=HTTPStatus.CREATED,
            X_Revision=REVISION_TEXT,
        ),
        *CHANGE,
        *ONE_JOB,
        auth=[MemberAuth(Permission.NOTE)],
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
