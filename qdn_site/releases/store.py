"""Where a stage keeps its releases: a folder or a bucket, the same names in both (`__init__`).

Blobs never change: a name is written once. The pointer and the receipts are documents, which
are only ever compared and swapped.
"""

import mimetypes
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from dispatch.domain.document import MISSING, Document, DocumentStore, StoreUnavailable
from dispatch.stores import whole
from dispatch.stores.file import FileStore
from dispatch.stores.s3 import OneConnectionS3Storage, S3Store

FOREVER = "public, max-age=31536000, immutable"
TRIES = 3
READABLE = 0o644  # in a folder: ops write, servers of another user read
TYPES = {
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".ico": "image/x-icon",
}


class TooLarge(Exception):
    """A blob is larger than the reader is ready to take."""


class ReleaseStore(Protocol):
    url: str

    def document(self, name: str) -> DocumentStore: ...

    def get(self, name: str, most: int) -> bytes | None:
        """A blob, None where there is none. Raises StoreUnavailable, TooLarge."""
        ...

    def put(self, name: str, body: bytes) -> None:
        """Keep a blob; one of that name stays as it is. Raises StoreUnavailable."""
        ...


def open_store(url: str, base: Path, *, make: bool = False) -> ReleaseStore:
    """`file:<folder>` (seen from `base`; made by the first write where `make` says so) or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return S3Releases(url, parts.netloc, parts.path.strip("/"))
    return FolderReleases(url, Path(base, url.removeprefix("file:")), make=make)


class _NewFileStore(FileStore):
    """Whose folder is made by the first write."""

    def save(self, body: bytes, if_match: str | None) -> Document:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be written: {error.strerror}") from error
        return super().save(body, if_match)

    def _missing(self) -> Document:
        return MISSING


class FolderReleases:
    def __init__(self, url: str, folder: Path, *, make: bool = False) -> None:
        self.url, self._folder, self._make = url, folder, make

    def document(self, name: str) -> DocumentStore:
        path = self._folder / name
        return (_NewFileStore if self._is_there() else FileStore)(path, READABLE)

    def get(self, name: str, most: int) -> bytes | None:
        path = self._folder / name
        try:
            if path.stat().st_size > most:
                raise TooLarge(f"{path} is larger than {most:,} bytes")
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if not self._is_there():
                raise StoreUnavailable(f"There is no folder {self._folder}") from None
            return None
        except OSError as error:
            raise StoreUnavailable(f"{path} cannot be read: {error.strerror}") from error

    def put(self, name: str, body: bytes) -> None:
        path = self._folder / name
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.replace(path, body, mode=READABLE, sync=True)
        except OSError as error:
            raise StoreUnavailable(f"{path} cannot be written: {error.strerror}") from error

    def _is_there(self) -> bool:
        return self._make or self._folder.is_dir()


class S3Releases:
    def __init__(self, url: str, bucket: str, prefix: str) -> None:
        self.url, self._bucket = url, bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @cached_property
    def _storage(self) -> OneConnectionS3Storage:
        return OneConnectionS3Storage(bucket_name=self._bucket)

    def document(self, name: str) -> DocumentStore:
        return S3Store(self._storage, self._prefix + name)

    def get(self, name: str, most: int) -> bytes | None:
        try:
            answer = self._call("get_object", name)
            if answer["ContentLength"] > most:
                raise TooLarge(f"{self.url}/{name} is larger than {most:,} bytes")
            body: bytes = answer["Body"].read(most)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise self._unavailable(name, error) from error
        except (BotoCoreError, OSError) as error:
            raise self._unavailable(name, error) from error
        return body

    def put(self, name: str, body: bytes) -> None:
        kind = {"ContentType": content_type(name), "CacheControl": FOREVER}
        try:
            self._call("put_object", name, Body=body, IfNoneMatch="*", **kind)
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise self._unavailable(name, error) from error
        except BotoCoreError as error:
            raise self._unavailable(name, error) from error

    def _call(self, verb: str, name: str, **more: Any) -> Any:
        """Reads, and writes of what never changes, may be repeated."""
        call = getattr(self._storage.connection.meta.client, verb)
        for left in reversed(range(TRIES)):
            try:
                return call(Bucket=self._bucket, Key=self._prefix + name, **more)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if not left or (status < 500 and status != 409):
                    raise
            except BotoCoreError:
                if not left:
                    raise
        raise AssertionError

    def _unavailable(self, name: str, error: Exception) -> StoreUnavailable:
        return StoreUnavailable(f"s3://{self._bucket}/{self._prefix}{name}: {error}")


def content_type(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
