"""What the drawer and the day show of a job's photos (`dispatch/_photos.html`)."""

from dataclasses import dataclass
from functools import cached_property

from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.permissions import Permission
from dispatch.domain.status import Status
from dispatch.domain.visit.photo import MOST_PHOTOS, Kind, Photo
from dispatch.explain.history import PHOTOS
from dispatch.explain.words import name_of
from dispatch.http import SiteRequest
from dispatch.jobs import photos

KINDS = (Kind.BEFORE, Kind.AFTER, Kind.PROBLEM)  # that the crew take


@dataclass(frozen=True)
class Album:
    """A job's photos that are still kept: each with the words for its kind, and who took it."""

    photos: list[tuple[Photo, str, str]]
    room: int  # for so many more of this member's; 0 where they may add none
    kind: Kind  # which the next ones likely are

    @cached_property
    def kinds(self) -> list[tuple[Kind, str]]:
        return [(kind, str(PHOTOS[kind])) for kind in KINDS]


def album_of(request: SiteRequest, job: Job) -> Album:
    business, roster = request.business, wiring.roster(request.business).read()
    may_add = request.user.actor.may(Permission.PHOTO) and wiring.photos(business) is not None
    is_begun = job.status in (Status.IN_PROGRESS, Status.COMPLETED)
    return Album(
        photos=[
            (photo, str(PHOTOS[photo.kind]), name_of(photo.by, roster))
            for photo in photos.shown(business, job)
        ],
        room=max(0, MOST_PHOTOS - len(job.photos)) if may_add else 0,
        kind=Kind.AFTER if is_begun else Kind.BEFORE,
    )
