"""The only CloudFront calls: one function at the edge, and invalidations of one distribution.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/Welcome.html
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CLIENT = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 3, "mode": "standard"},
)
RUNTIME = "cloudfront-js-2.0"
MOST_CODE = 10 * 1024  # bytes of a function's code

Stage = Literal["DEVELOPMENT", "LIVE"]
P = ParamSpec("P")
T = TypeVar("T")


class CloudFrontRefused(Exception):
    """It cannot or must not be done, in one line: what, why, what to do next.

    `code` is AWS's name for it. Every call here may be repeated.
    """

    def __init__(self, told: str, code: str = "") -> None:
        super().__init__(told)
        self.code = code


CHANGED_MEANWHILE = (
    "somebody else changed the function meanwhile; nothing was done. Run the command again."
)
THROTTLED = "too many calls a second; try again in a minute."
SAYS = {
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
    """What a version made of an event. `output` is `{"request": …}` or `{"response": …}`."""

    output: dict[str, Any]
    utilization: int  # per cent of the time that a function may take
    error: str  # "" where it ran to its end

    __test__ = False  # no pytest class


@dataclass(frozen=True, slots=True)
class Invalidation:
    distribution: str
    id: str
    completed: bool
    paths: tuple[str, ...]
    repeated: bool = False  # it was there before it was asked for


def _translated(call: Callable[P, T]) -> Callable[P, T]:
    """botocore's errors as ours; the first argument's `what` names what was spoken to."""

    @wraps(call)
    def translating(*args: P.args, **kwargs: P.kwargs) -> T:
        what = args[0].what  # type: ignore[attr-defined]
        try:
            return call(*args, **kwargs)
        except ClientError as error:
            answer = error.response.get("Error", {})
            code, message = answer.get("Code", ""), " ".join(str(answer.get("Message")).split())
            # The API's documentation promises a code of its own for this; the API answers so.
            if code == "InvalidArgument" and "caller reference" in message:
                code = "InvalidationBatchAlreadyExists"
            told = SAYS.get(code, f"{message or error} ({code})")
            raise CloudFrontRefused(f"{what}: {told}", code) from error
        except BotoCoreError as error:
            raise CloudFrontRefused(f"{what}: CloudFront cannot be asked: {error}") from error

    return translating


class _Spoken:
    """boto3's client, made when first used (after a fork), at AWS_ENDPOINT_URL_CLOUDFRONT."""

    what: str

    def __init__(self, client: Any = None) -> None:
        self._made = client

    @property
    def _client(self) -> Any:
        if self._made is None:
            # A session of its own: the default one is not for several threads.
            self._made = boto3.session.Session().client("cloudfront", config=CLIENT)
        return self._made


class EdgeFunction(_Spoken):
    """One CloudFront Function: DEVELOPMENT is changed and tested, then published as LIVE."""

    def __init__(self, name: str, client: Any = None) -> None:
        super().__init__(client)
        self.name = name
        self.what = f"function {name}"

    def live(self) -> FunctionVersion | None:
        """What viewers' requests run through now; None where nothing was ever published."""
        return self._version("LIVE")

    def development(self) -> FunctionVersion | None:
        """What `publish` would make live; None where there is no such function."""
        return self._version("DEVELOPMENT")

    def put_up(self, code: bytes) -> FunctionVersion:
        """`code` as DEVELOPMENT, which no viewer's request runs through."""
        there = self.development()
        if there is not None and there.code == code:
            return there
        return self.update(code, there.etag if there else None)

    @_translated
    def update(self, code: bytes, if_match: str | None) -> FunctionVersion:
        """Put `code` in the place of the DEVELOPMENT version named `if_match`.

        None creates the function, only where there is none. Refused where another version is
        there, unless its code is this very code: an answer that was lost, say.
        """
        about = {"Comment": "QuickDumpNow: qdn_site/edge/rewrite.js", "Runtime": RUNTIME}
        asked = {"Name": self.name, "FunctionConfig": about, "FunctionCode": code}
        try:
            if if_match is None:
                answer = self._client.create_function(**asked)
            else:
                answer = self._client.update_function(**asked, IfMatch=if_match)
        except ClientError as error:
            there = self.development() if error.response["Error"]["Code"] in STALE else None
            if there is None or there.code != code:
                raise
            return there
        return FunctionVersion("DEVELOPMENT", code, answer["ETag"])

    @_translated
    def test(self, event: dict[str, Any], version: FunctionVersion) -> TestRun:
        """Run `version`, which must still be the one of its stage, on an event of the
        CloudFront Functions event structure."""
        answer = self._client.test_function(
            Name=self.name,
            IfMatch=version.etag,
            Stage=version.stage,
            EventObject=json.dumps(event).encode(),
        )["TestResult"]
        return TestRun(
            output=json.loads(answer.get("FunctionOutput") or "{}"),
            utilization=int(answer.get("ComputeUtilization") or 0),
            error=answer.get("FunctionErrorMessage") or "",
        )

    @_translated
    def publish(self, version: FunctionVersion) -> None:
        """Make the DEVELOPMENT version, if it still is this one, live everywhere at once."""
        self._client.publish_function(Name=self.name, IfMatch=version.etag)

    @_translated
    def _version(self, stage: Stage) -> FunctionVersion | None:
        try:
            answer = self._client.get_function(Name=self.name, Stage=stage)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchFunctionExists":
                return None
            raise
        return FunctionVersion(stage, answer["FunctionCode"].read(), answer["ETag"])


class Distribution(_Spoken):
    """One distribution's invalidations."""

    def __init__(self, id: str, client: Any = None) -> None:
        super().__init__(client)
        self.id = id
        self.what = f"distribution {id}"

    @_translated
    def invalidate(self, paths: Iterable[str], reference: str) -> Invalidation:
        """Start one. The same paths under the same reference are the same invalidation again."""
        items = list(paths)
        batch = {
            "Paths": {"Quantity": len(items), "Items": items},
            "CallerReference": reference,
        }
        answer = self._client.create_invalidation(DistributionId=self.id, InvalidationBatch=batch)
        return self._read(answer["Invalidation"])

    @_translated
    def invalidation(self, id: str) -> Invalidation:
        answer = self._client.get_invalidation(DistributionId=self.id, Id=id)
        return self._read(answer["Invalidation"])

    @_translated
    def recent(self) -> dict[str, str]:
        """The status of each of the last hundred, by id."""
        answer = self._client.list_invalidations(DistributionId=self.id, MaxItems="100")
        summaries = answer["InvalidationList"].get("Items", [])
        return {each["Id"]: each["Status"] for each in summaries}

    def in_progress(self) -> tuple[Invalidation, ...]:
        """Those not yet completed, of the last hundred: they count against the quota."""
        running = [id for id, status in self.recent().items() if status == "InProgress"]
        return tuple(self.invalidation(id) for id in running)

    def _read(self, answer: dict[str, Any]) -> Invalidation:
        paths = answer["InvalidationBatch"]["Paths"].get("Items", [])
        return Invalidation(self.id, answer["Id"], answer["Status"] == "Completed", tuple(paths))
