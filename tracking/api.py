"""`POST /api/track`: the tracking page for programs. The token stays out of URLs and logs."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from django.http import HttpResponse
from dmr import validate
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec
from dmr.routing import path

from dispatch.api.base import CHANGE, Api, problems, success
from dispatch.api.problems import Refused
from dispatch.domain.jobbook import JobNotFound
from tracking.lookup import tracked
from tracking.public import TrackedJob

NOT_FOUND = "Job not found, or this tracking link is no longer valid."
EXAMPLE = MediaTypeMetadata(example={"token": "the part of the link after /track/"})


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret part of a customer's link."""

    token: str


class TrackApi(Api):
    tags = ("Tracking",)

    @validate(
        success(TrackedJob, "What the page shows."),
        *CHANGE,
        *problems(not_found="Unknown, malformed or expired: all the same."),
        operation_id="track",
    )
    def post(self, parsed_body: BodyMsgspec[Annotated[Link, EXAMPLE]]) -> HttpResponse:
        """Track a job

        What the customer's page shows, and no more.
        """
        try:
            job, _ = tracked(self.request, parsed_body.token)
        except JobNotFound:
            raise Refused(HTTPStatus.NOT_FOUND, NOT_FOUND) from None
        response = self.answer(job)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


ROUTE = path("track", TrackApi.as_view())
