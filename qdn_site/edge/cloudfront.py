"""The only CloudFront calls: one function at the edge, and invalidations of one distribution.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/Welcome.html
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, InvalidConfigError

CLIENT = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 3, "mode": "standard"},
)
RUNTIME = "cloudfront-js-2.0"
MOST_CODE = 10 * 1024  # bytes of a function's code

Stage = Literal["DEVELOPMENT", "LIVE"]


class CloudFrontRefused(Exception):
    """It cannot or must not be done: what, why, what to do next, in one line.

    `code` is AWS's name for it. Every call here may be repeated.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


CHANGED_MEANWHILE = (
    "somebody else changed the function meanwhile; nothing was done. Run the command again."
)
THROTTLED = "too many calls a second; try again in a minute."
MESSAGES = {
    "PreconditionFailed": CHANGED_MEANWHILE,
    "FunctionAlreadyExists": CHANGED_MEANWHILE,  # it was missing when we looked
    "InvalidIfMatchVersion": (
        "this version (ETag) of the function is not the current one; run the command again."
    ),
    "TooManyInvalidationsInProgress": (
        "too many invalidations are in progress (3,000 paths, 15 with *); wait for them to finish."
    ),
    "Throttling": THROTTLED,
    "ThrottlingException": THROTTLED,
    "NoSuchDistribution": (
        "there is no such distribution; check QDN_*_DISTRIBUTION and the AWS account."
    ),
    "NoSuchFunctionExists": (
        "there is no such function, or none at this stage; check QDN_EDGE_FUNCTION."
    ),
    "NoSuchInvalidation": "there is no such invalidation.",
    "FunctionSizeLimitExceeded": f"the function is larger than {MOST_CODE:,} bytes.",
    "BatchTooLarge": "too many paths in one batch; at most 3,000 fit.",
    "InvalidationBatchAlreadyExists": (
        "this reference was already used for other paths; give another --reference."
    ),
    "AccessDenied": "these AWS credentials do not allow it.",
}
STALE = {"PreconditionFailed", "FunctionAlreadyExists", "InvalidIfMatchVersion"}


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """The code of a function at one stage, and the ETag that names exactly that."""

    stage: Stage
    code: bytes = field(repr=False)
    etag: str


@dataclass(frozen=True, slots=True)
class TestRun:
    """A version's answer to an event. `output` is `{"request": …}` or `{"response": …}`."""

    output: dict[str, Any]
    utilization: int  # per cent of the time that a function may take
    error: str  # "" where it ran to its end

    __test__ = False  # no pytest class


@dataclass(frozen=True, slots=True)
class Invalidation:
    id: str
    completed: bool
    paths: tuple[str, ...]
    repeated: bool = False  # it was there before it was asked for


@cache
def client() -> Any:
    """boto3's, at AWS_ENDPOINT_URL_CLOUDFRONT."""
    try:
        return boto3.session.Session().client("cloudfront", config=CLIENT)
    except ValueError as error:  # of an endpoint that is none, botocore raises no error of its own
        raise InvalidConfigError(error_msg=str(error)) from error


def _call(about: str, operation: str, **asked: Any) -> Any:
    """One call; botocore's errors as ours, which begin with `about`."""
    try:
        answer = getattr(client(), operation)(**asked)
        if "FunctionCode" in answer:  # a stream: reading it may fail too
            answer["FunctionCode"] = answer["FunctionCode"].read()
        return answer
    except ClientError as error:
        given = error.response.get("Error", {})
        code, message = given.get("Code", ""), " ".join(str(given.get("Message")).split())
        # The API's documentation promises a code of its own for this; the API answers so.
        if code == "InvalidArgument" and "caller reference" in message:
            code = "InvalidationBatchAlreadyExists"
        message = MESSAGES.get(code, f"{message or error} ({code})")
        raise CloudFrontRefused(f"{about}: {message}", code) from error
    except BotoCoreError as error:
        raise CloudFrontRefused(f"{about}: CloudFront cannot be asked: {error}") from error


@dataclass(frozen=True)
class EdgeFunction:
    """One CloudFront Function: DEVELOPMENT is changed and tested, then published as LIVE."""

    name: str

    def __str__(self) -> str:
        return f"function {self.name}"

    def version(self, stage: Stage) -> FunctionVersion | None:
        """LIVE is the one that viewers' requests run through; None where there is none."""
        try:
            answer = self._call("get_function", Stage=stage)
        except CloudFrontRefused as error:
            if error.code == "NoSuchFunctionExists":
                return None
            raise
        return FunctionVersion(stage, answer["FunctionCode"], answer["ETag"])

    def put_up(self, code: bytes) -> FunctionVersion:
        """`code` as DEVELOPMENT, which no viewer's request runs through."""
        there = self.version("DEVELOPMENT")
        if there is not None and there.code == code:
            return there
        return self.update(code, there.etag if there else None)

    def update(self, code: bytes, if_match: str | None) -> FunctionVersion:
        """Put `code` in the place of the DEVELOPMENT version named `if_match`.

        None creates the function, only where there is none. Refused where another version is
        there, unless its code is this very code: an answer that was lost, say.
        """
        config = {"Comment": "QuickDumpNow: qdn_site/edge/rewrite.js", "Runtime": RUNTIME}
        asked = {"FunctionConfig": config, "FunctionCode": code}
        try:
            if if_match is None:
                answer = self._call("create_function", **asked)
            else:
                answer = self._call("update_function", **asked, IfMatch=if_match)
        except CloudFrontRefused as error:
            there = self.version("DEVELOPMENT") if error.code in STALE else None
            if there is None or there.code != code:
                raise
            return there
        return FunctionVersion("DEVELOPMENT", code, answer["ETag"])

    def test(self, event: dict[str, Any], version: FunctionVersion) -> TestRun:
        """Run `version`, which must still be the one of its stage, on an event of the
        CloudFront Functions event structure."""
        given = {"Stage": version.stage, "EventObject": json.dumps(event).encode()}
        result = self._call("test_function", IfMatch=version.etag, **given)["TestResult"]
        return TestRun(
            output=json.loads(result.get("FunctionOutput") or "{}"),
            utilization=int(result.get("ComputeUtilization") or 0),
            error=result.get("FunctionErrorMessage") or "",
        )

    def publish(self, version: FunctionVersion) -> None:
        """Make the DEVELOPMENT version, if it still is this one, live everywhere at once."""
        self._call("publish_function", IfMatch=version.etag)

    def _call(self, operation: str, **asked: Any) -> Any:
        return _call(str(self), operation, Name=self.name, **asked)


@dataclass(frozen=True)
class Distribution:
    """One distribution's invalidations."""

    id: str

    def __str__(self) -> str:
        return f"distribution {self.id}"

    def invalidate(self, paths: Iterable[str], reference: str) -> Invalidation:
        """Start one. The same paths under the same reference are the same invalidation again."""
        items = list(paths)
        batch = {"Paths": {"Quantity": len(items), "Items": items}, "CallerReference": reference}
        return self._invalidation("create_invalidation", InvalidationBatch=batch)

    def invalidation(self, id: str) -> Invalidation:
        return self._invalidation("get_invalidation", Id=id)

    def recent(self) -> dict[str, str]:
        """The status of each of the last hundred, by id."""
        about = {"DistributionId": self.id, "MaxItems": "100"}
        found = _call(str(self), "list_invalidations", **about)["InvalidationList"]
        return {each["Id"]: each["Status"] for each in found.get("Items", [])}

    def _invalidation(self, operation: str, **asked: Any) -> Invalidation:
        found = _call(str(self), operation, DistributionId=self.id, **asked)["Invalidation"]
        paths = found["InvalidationBatch"]["Paths"].get("Items", [])
        return Invalidation(found["Id"], found["Status"] == "Completed", tuple(paths))
