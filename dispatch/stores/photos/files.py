"""Where the file of a photo lies: `<business>/<day>/<job's id>.<photo's id>.jpg`, in UTC days.

The job's record is enough to find a file, and a file's name to find its job.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from hashlib import sha256

from boto3.exceptions import Boto3Error
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.photo import Photo
from dispatch.stores.aws import NO_ANSWER, one_line

OF_A_JOB = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.jpg")
LONGEST_NAME = 180  # characters: file systems take 255, some less


class PhotoFiles:
    """Of one business."""

    def __init__(self, storage: Storage, slug: str) -> None:
        self._storage, self._slug = storage, slug

    def write(self, job_id: str, photo: Photo, body: bytes) -> None:
        """Written again, it is the same file. Raises StoreUnavailable."""
        with self._asked("written"):
            self._storage.save(self._path(photo.at.date(), name(job_id, photo)), ContentFile(body))

    def read(self, job_id: str, photo: Photo) -> bytes | None:
        """None where there is none, or none any more. Raises StoreUnavailable."""
        if not photo.has_our_id:
            return None
        with self._asked("read"), suppress(FileNotFoundError):
            path = self._path(photo.at.date(), name(job_id, photo))
            with self._storage.open(path) as file:
                return bytes(file.read())
        return None

    def days(self) -> list[date]:
        """Those that have files, the oldest first. Raises StoreUnavailable."""
        found = list[date]()
        for folder in self._listed(self._slug)[0]:
            with suppress(ValueError):
                found.append(date.fromisoformat(folder))
        return sorted(found)

    def names(self, day: date) -> list[str]:
        """Of the day's files. Raises StoreUnavailable."""
        return sorted(self._listed(self._path(day))[1])

    def remove(self, day: date, names: list[str]) -> None:
        """Raises StoreUnavailable."""
        with self._asked("removed"):
            for each in names:
                self._storage.delete(self._path(day, each))
        if not self.names(day):
            with suppress(OSError):  # somebody has just put one there
                self._storage.delete(self._path(day))

    def _listed(self, folder: str) -> tuple[list[str], list[str]]:
        """The folders in it, and the files."""
        with self._asked("listed"), suppress(FileNotFoundError):
            folders, files = self._storage.listdir(folder)
            return folders, files
        return [], []

    def _path(self, day: date, *more: str) -> str:
        return "/".join((self._slug, day.isoformat(), *more))

    @contextmanager
    def _asked(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"Photos cannot be {done}: {error.strerror or error}") from error
        except (*NO_ANSWER, Boto3Error) as error:
            raise StoreUnavailable(f"Photos could not be {done}: {one_line(error)}") from error


def name(job_id: str, photo: Photo) -> str:
    """A job's id may be any text; a very long one is a digest, from which nobody finds the job."""
    packed = urlsafe_b64encode(job_id.encode(errors="surrogatepass")).decode().rstrip("=")
    if len(packed) > LONGEST_NAME - len(photo.id):
        packed = "~" + sha256(packed.encode()).hexdigest()
    return f"{packed}.{photo.id}.jpg"


def job_of(file: str) -> str | None:
    """The id of the job that this is a photo of; None where its name does not say."""
    found = OF_A_JOB.fullmatch(file)
    if found is None:
        return None
    with suppress(NoBase64, UnicodeDecodeError):
        packed = found[1]
        return urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode(errors="surrogatepass")
    return None
