"""A stage's store of releases: a folder or a bucket, the same names in both.

    pointer.json              which release each surface shows, and every move
    pointers/<revision>.json  the pointer as each move left it
    manifests/<id>.json       releases
    blobs/<sha256>            their templates, and functions of the edge
    static/<hashed name>      their static files

All but the pointer is written once and never removed.
"""

from pathlib import Path
from urllib.parse import urlsplit

from botocore.config import Config
from whitenoise.media_types import MediaTypes

from dispatch.domain.stored.document import MISSING, Document, StoreUnavailable
from dispatch.stores import atomic
from dispatch.stores.aws import CLIENT, NO_ANSWER, error_code, one_line
from dispatch.stores.file import FileStore
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store
from qdn_site.releases import ReleaseError

POINTER = "pointer.json"
FOREVER = "public, max-age=31536000, immutable"
READABLE = 0o644  # in a folder: ops write, servers of another user read
# Blobs may be asked for and written again; the pointer's writes must not be, unseen.
REPEATING = CLIENT.merge(Config(retries={"total_max_attempts": 3, "mode": "standard"}))
THERE_ALREADY = {"PreconditionFailed", "ConditionalRequestConflict"}
# As the image's own static files are served; mimetypes asks the system, which differs.
TYPES = MediaTypes(extra_types={".webmanifest": "application/manifest+json"})


class _PointerFile(FileStore):
    def save(self, body: bytes, if_match: str | None) -> Document:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be written: {error.strerror}") from error
        return super().save(body, if_match)

    def _missing(self) -> Document:
        return MISSING


class FolderReleases:
    """Errors name the stage that the store belongs to."""

    def __init__(self, stage: str, url: str, folder: Path) -> None:
        self.stage, self.url, self._folder = stage, url, folder
        self.pointer = _PointerFile(folder / POINTER, READABLE)

    def get(self, name: str, most: int) -> bytes | None:
        """A blob of at most so many bytes; None where there is none.

        Raises ReleaseError where it is larger, StoreUnavailable.
        """
        path = self._folder / name
        try:
            if path.stat().st_size > most:
                raise ReleaseError(f"{self.stage}: {name} is larger than {most:,} bytes")
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(path, "read", error) from error

    def put(self, name: str, body: bytes) -> None:
        """Keep a blob; one of that name stays as it is. Raises StoreUnavailable."""
        path = self._folder / name
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.replace(path, body, mode=READABLE, sync=True)
        except OSError as error:
            raise self._unavailable(path, "written", error) from error

    def newest(self, folder: str) -> str:
        """The last name in a folder; "" where it is empty. Raises StoreUnavailable."""
        try:
            return max((path.name for path in (self._folder / folder).glob("[!.]*")), default="")
        except OSError as error:
            raise self._unavailable(self._folder / folder, "read", error) from error

    def _unavailable(self, path: Path, done: str, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"{self.stage}: {path} cannot be {done}: {error.strerror}")


class S3Releases:
    """The same in a bucket."""

    def __init__(self, stage: str, url: str, bucket: str, prefix: str) -> None:
        self.stage, self.url, self._bucket = stage, url, bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._storage = OneConnectionS3Storage(bucket_name=bucket, client_config=REPEATING)
        once = OneConnectionS3Storage(bucket_name=bucket)
        self.pointer = S3Store(once, self._prefix + POINTER)

    def get(self, name: str, most: int) -> bytes | None:
        try:
            answer = self._storage.connection.meta.client.get_object(**self._at(name))
            if answer["ContentLength"] > most:
                raise ReleaseError(f"{self.stage}: {name} is larger than {most:,} bytes")
            body: bytes = answer["Body"].read()
            return body
        except NO_ANSWER as error:
            if error_code(error) == "NoSuchKey":
                return None
            raise self._unavailable(name, error) from error

    def put(self, name: str, body: bytes) -> None:
        about = {"ContentType": TYPES.get_type(name), "CacheControl": FOREVER}
        try:
            self._storage.connection.meta.client.put_object(
                **self._at(name), **about, Body=body, IfNoneMatch="*"
            )
        except NO_ANSWER as error:
            if error_code(error) not in THERE_ALREADY:
                raise self._unavailable(name, error) from error

    def newest(self, folder: str) -> str:
        start = f"{self._prefix}{folder}/"
        try:
            pages = self._storage.connection.meta.client.get_paginator("list_objects_v2")
            keys = [
                each["Key"]
                for page in pages.paginate(Bucket=self._bucket, Prefix=start)
                for each in (page.get("Contents", []) if page["KeyCount"] else [])
            ]
            return max((key.removeprefix(start) for key in keys), default="")
        except NO_ANSWER as error:
            raise self._unavailable(folder, error) from error

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _unavailable(self, name: str, error: Exception) -> StoreUnavailable:
        where = f"s3://{self._bucket}/{self._prefix}{name}"
        return StoreUnavailable(f"{self.stage}: {where} is out of reach: {one_line(error)}")


ReleaseStore = FolderReleases | S3Releases


def open_store(stage: str, url: str, base: Path) -> ReleaseStore:
    """`file:<folder>` (seen from `base`; made by the first write) or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return S3Releases(stage, url, parts.netloc, parts.path.strip("/"))
    return FolderReleases(stage, url, Path(base, url.removeprefix("file:")))
