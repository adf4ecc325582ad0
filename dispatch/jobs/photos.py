"""Photos of a job: what was sent is made small and kept, and then the job names it.

All raise StoreUnavailable.
"""

import threading
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Set
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from django.core.files.base import File

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Actor
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.typed.texts import CONTROL_OR_TURN
from dispatch.domain.visit.photo import MOST_OF_REQUEST, MOST_PHOTOS, Kind, Photo
from dispatch.jobs.action import NO_TIME, Action, Change, Done, changing, check_age, once_for
from dispatch.jobs.reading import find
from dispatch.photos.picture import NoPicture, TooManyPixels, small
from dispatch.turns import in_a_thread

MOST_BYTES = 12 * 1024 * 1024  # of one photo
LONGEST_NAME = 60  # characters of a file's name that are told
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")  # of a JPEG, of a PNG
NO_PHOTO = _("Choose a photo first.")
NOT_KEPT = _("No photos are kept here.")
# Each takes up to 130 MB while it is decoded.
_one_at_a_time = threading.Lock()


class Added(NamedTuple):
    """How many of these photos the job has, and a sentence for each file that was left out."""

    done: Done
    kept: int
    refused: list[str]


@Action
def add(
    business: Business,
    job_id: str,
    photos: tuple[Photo, ...],
    *,
    by: Actor,
    once: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """The job names them; their files are there already. Raises InvalidInput where it has no room.

    `once` is a name as `once_for` makes it.
    """

    def apply(job: Job, at: datetime, _book: JobBook) -> Job:
        _check_room(job, photos[0].kind, {photo.id for photo in photos})
        return job.photographed(photos, by=by.name, at=at)

    return changing(job_id, by, apply, once, ago)


def take(
    business: Business,
    job_id: str,
    files: "Iterable[File[bytes]]",
    kind: Kind,
    *,
    by: Actor,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Added:
    """Keeps those of the files that are pictures; the others are told.

    Sent again under its key it is the same, and writes the same files. Raises InvalidInput where
    none is a picture or there is no room for all, JobNotFound.
    """
    kept = wiring.photos(business)
    if kept is None:
        raise InvalidInput({"photo": NOT_KEPT})
    tap, at = key or wiring.new_token(), wiring.now() - ago
    named = {_photo_id(tap, by, kind, file): file for file in files}
    if not named:
        raise InvalidInput({"photo": NO_PHOTO})
    once = once_for(key, by, "photos", kind, *sorted(named))
    job, photos, refused = find(business, job_id, by=by), list[Photo](), list[str]()
    if not job.has_done(once):
        check_age(ago)
        _check_room(job, kind, named.keys())
        for photo_id, file in named.items():
            try:
                body = _in_turn(file)
            except InvalidInput as error:
                refused += error.errors.values()
                continue
            photos.append(Photo(id=photo_id, kind=kind, at=at, by=by.name))
            kept.write(job_id, photos[-1], body)
        if not photos:
            raise InvalidInput({f"photo[{n}]": why for n, why in enumerate(refused)})
    done = add(business, job_id, tuple(photos), by=by, once=once, ago=ago)
    return Added(done, sum(photo.id in named for photo in done.job.photos), refused)


def picture(business: Business, job: Job, photo_id: str) -> bytes | None:
    """The photo of that id as a JPEG; None where the job has none, or its file is gone."""
    photo = next((each for each in job.photos if each.id == photo_id), None)
    kept = wiring.photos(business)
    return kept.read(job.id, photo) if kept and photo else None


def shown(business: Business, job: Job) -> list[Photo]:
    """Those that are still kept, as far as their age tells."""
    if wiring.photos(business) is None:
        return []
    since = wiring.now() - timedelta(days=business.photo_days)
    return [photo for photo in job.photos if photo.has_our_id and photo.at >= since]


def check_sent(files: "Collection[File[bytes]]") -> None:
    """What a customer sends along with a request, before there is a job: how many they are, and
    what each is by its first bytes. Raises InvalidInput, which names the first that is wrong.
    """
    if len(files) > MOST_OF_REQUEST:
        sentence = _(
            "At most %(most)d photos fit, and you chose %(count)d.",
            most=MOST_OF_REQUEST,
            count=len(files),
        )
        raise InvalidInput({"photo": sentence})
    for file in files:
        _check_size(file)
        file.seek(0)
        if not file.read(8).startswith(BEGINNINGS):
            raise _no_picture(file)
        file.seek(0)


def _check_room(job: Job, kind: Kind, new: Set[str]) -> None:
    """Raises InvalidInput."""
    room = max(0, MOST_PHOTOS - len(job.photos))
    if kind is Kind.REQUEST:
        sent = sum(photo.kind is kind for photo in job.photos)
        room = min(room, max(0, MOST_OF_REQUEST - sent))
    if len(new - {photo.id for photo in job.photos}) > room:
        sentence = _(
            "A job has at most %(most)d photos: room is left for %(room)d.",
            most=MOST_OF_REQUEST if kind is Kind.REQUEST else MOST_PHOTOS,
            room=room,
        )
        raise InvalidInput({"photo": sentence})


def _photo_id(tap: str, by: Actor, kind: Kind, file: "File[bytes]") -> str:
    """The same for the same file of the same tap."""
    digest = sha256(repr((by.name, tap, kind)).encode())
    for chunk in file.chunks():
        digest.update(chunk)
    return urlsafe_b64encode(digest.digest()[:12]).decode()


def _in_turn(file: "File[bytes]") -> bytes:
    """What is kept of it. Raises InvalidInput."""
    try:
        _check_size(file)
        with _one_at_a_time:
            file.seek(0)
            return in_a_thread(small, file.read())
    except NoPicture as error:
        raise _no_picture(file) from error
    except TooManyPixels as error:
        sentence = _(
            "%(name)s has too many pixels: send it in a smaller size.", name=_name_of(file)
        )
        raise InvalidInput({"photo": sentence}) from error


def _check_size(file: "File[bytes]") -> None:
    """Raises InvalidInput."""
    if (file.size or 0) > MOST_BYTES:
        raise InvalidInput({"photo": _("%(name)s has more than 12 MB.", name=_name_of(file))})


def _no_picture(file: "File[bytes]") -> InvalidInput:
    name = _name_of(file)
    sentence = _("%(name)s: that is no JPEG or PNG picture, or a damaged one.", name=name)
    return InvalidInput({"photo": sentence})


def _name_of(file: "File[bytes]") -> str:
    return CONTROL_OR_TURN.sub("", file.name or "")[:LONGEST_NAME]
