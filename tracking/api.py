"""`POST /api/track`: the tracking page for programs. The token stays out of URLs and logs."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from django.http import HttpResponse
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec
from dmr.routing import path

from dispatch.api.base import Api, call, success
from dispatch.api.problems import Refused
from dispatch.api.schemas import JOB
from dispatch.domain.jobbook import JobNotFound
from tracking.public import TrackedJob, tracked

NOT_FOUND = "Job not found, or this tracking link is no longer valid."
EXAMPLE = MediaTypeMetadata(example={"token": "the part of the link after /track/"})

TRACKED = {
    "state": "confirmed",
    "status": "booked",
    "steps": [
        {"status": "booked", "at": "2026-05-22T19:00:00Z", "state": "current"},
        {"status": "ready_for_pickup", "at": None, "state": "upcoming"},
        {"status": "in_progress", "at": None, "state": "upcoming"},
        {"status": "completed", "at": None, "state": "upcoming"},
    ],
    **{name: JOB[name] for name in ("customer_name", "location", "window", "updated_at")},
    "load": "Half load",
    "items": [{"name": "mattress", "count": 2}],
    "price": 320,
    "was_price": None,
    "is_estimate": False,
    "paid": None,
    "was_window": None,
    "answer_by": None,
    "answer_is_late": False,
    "quote": {
        "id": "hT3kP9wQz",
        "amount": 410,
        "lines": [{"label": "Half load", "amount": 320}, {"label": "Hot tub", "amount": 90}],
        "at": "2026-05-22T20:10:00Z",
    },
    "answered": None,
    "driver": "Joel",
    "eta": None,
    "eta_said_at": None,
    "eta_by": "",
    "eta_has_passed": False,
    "is_late": False,
    "on_my_way_at": None,
    "on_my_way_by": "",
    "seen_at": None,
    "seen_minutes_ago": 0,
    "seen_link": "",
    "could_not_at": None,
    "could_not_today": False,
    "could_not_code": "",
    "could_not_why": "",
    "photos": [{"id": "tT0x2Qm4Rk9aPz1c", "kind": "after"}],
    "messages": [
        {
            "at": "2026-05-22T19:30:00Z",
            "text": "Is the old piano fine, too?",
            "is_gate_code": False,
            "answer": "Yes, it is.",
            "answered_at": "2026-05-22T19:42:00Z",
        }
    ],
    "started_at": None,
    "finished_at": None,
    "cut_off": "2026-05-23T07:00:00Z",
    "may_be_ready": True,
    "may_reschedule": True,
    "may_write": True,
    "may_cancel": True,
    "may_undo": False,
}


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret part of a customer's link."""

    token: str


class TrackApi(Api):
    tags = ("Tracking",)

    @call(
        "track",
        success(TrackedJob, "What the page shows.", TRACKED),
        not_found="Unknown, malformed or expired: all the same.",
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
