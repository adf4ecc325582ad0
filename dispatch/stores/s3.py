"""A document in S3, changed only by conditional writes.

If-Match: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import threading
from functools import partial
from typing import Any

from boto3.s3.transfer import TransferConfig
from storages.backends.s3 import S3Storage

from dispatch.domain.stored.document import (
    MISSING,
    Document,
    StaleWrite,
    StoreUnavailable,
    Version,
)
from dispatch.stores.aws import CLIENT, NO_ANSWER, error_code, kept, making_a_client, one_line

LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


class OneConnectionS3Storage(S3Storage):
    """django-storages' S3 with one client for all threads, made when first used, after a fork.

    Its own makes a boto3 resource for each thread, which takes a tenth of a second each. Files are
    small enough to go in one piece, by the thread that asks.
    """

    def __init__(self, **settings: Any) -> None:
        ours = {"client_config": CLIENT, "transfer_config": TransferConfig(use_threads=False)}
        super().__init__(**{**ours, **settings})
        self._making = threading.Lock()
        self._shared: Any = None

    @property
    def connection(self) -> Any:
        with self._making, making_a_client():
            if self._shared is None:
                self._shared = kept(super().connection)
            return self._shared


class S3Store:
    """The object `key` of a storage's bucket."""

    def __init__(self, storage: S3Storage, key: str) -> None:
        self._storage = storage
        self._at: dict[str, str] = {"Bucket": storage.bucket_name, "Key": key}

    @property
    def _client(self) -> Any:
        return self._storage.connection.meta.client

    def load(self, known: Document | None = None) -> Document:
        condition = {"IfNoneMatch": known.etag} if known is not None and known.etag else {}
        try:
            answer, body = self._get(**condition)
            return Document(body, _etag(answer))
        except NO_ANSWER as error:
            if known is not None and error_code(error) == "304":
                return known
            if error_code(error) == "NoSuchKey":
                return MISSING
            raise self._unavailable("read", error) from error

    def save(self, body: bytes, if_match: str | None) -> Document:
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": if_match}
        try:
            answer = self._client.put_object(
                **self._at, **condition, Body=body, ContentType="application/json"
            )
            return Document(body, _etag(answer))
        except NO_ANSWER as error:
            if error_code(error) in LOST_RACE:
                raise StaleWrite from error
            raise self._unavailable("written", error) from error

    def beside(self, name: str) -> "S3Store":
        return S3Store(self._storage, self._folder + name)

    def names_in(self, folder: str) -> list[str]:
        bucket, prefix = self._at["Bucket"], f"{self._folder}{folder}/"
        try:
            pages = self._client.get_paginator("list_objects_v2")
            return [
                each["Key"].removeprefix(prefix)
                for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
                for each in (page["Contents"] if page["KeyCount"] else ())
            ]
        except NO_ANSWER as error:
            raise self._unavailable("listed", error) from error

    def versions(self) -> list[Version]:
        bucket, key = self._at["Bucket"], self._at["Key"]
        try:
            pages = self._client.get_paginator("list_object_versions")
            return [
                Version(each["LastModified"], partial(self._version, each["VersionId"]))
                for page in pages.paginate(Bucket=bucket, Prefix=key)
                for each in page.get("Versions", ())
                if each["Key"] == key
            ]
        except NO_ANSWER as error:
            raise self._unavailable("looked up", error) from error

    def _version(self, version: str) -> bytes:
        try:
            return self._get(VersionId=version)[1]
        except NO_ANSWER as error:
            raise self._unavailable("read", error) from error

    def _get(self, **options: str) -> tuple[dict[str, Any], bytes]:
        """The answer and its body. Raises NO_ANSWER."""
        answer = self._client.get_object(**self._at, **options)
        _ = answer["ContentLength"]  # without it, botocore takes whatever came for the body
        return answer, answer["Body"].read()

    @property
    def _folder(self) -> str:
        parent, slash, _ = self._at["Key"].rpartition("/")
        return parent + slash

    def _unavailable(self, done: str, error: Exception) -> StoreUnavailable:
        return StoreUnavailable(f"{self} could not be {done}: {one_line(error)}")

    def __str__(self) -> str:
        return f"s3://{self._at['Bucket']}/{self._at['Key']}"


def _etag(answer: dict[str, Any]) -> str:
    """Some servers compare If-Match without its quotes; S3 takes either.

    Raises KeyError or ValueError where it was cut off.
    """
    etag: str = answer["ETag"]
    if not etag.strip('"') or etag.startswith('"') != etag.endswith('"'):
        raise ValueError(f"the answer was cut off within its ETag: {etag}")
    return etag.strip('"')
