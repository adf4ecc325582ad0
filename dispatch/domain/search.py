"""Jobs by what people ask for: words, a phone number's digits, and lists page by page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from dispatch.domain.job import LONG_AGO, REMOVED, Job, JobLine
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.typed import phones
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.typed.texts import folded

T = TypeVar("T")
Cursor = tuple[int, str]  # the second of what a list goes by, and the job's id
CURSOR = msgspec.json.Decoder(Cursor)


class InTurns(Protocol):
    """The items, for a loop over thousands, in turn with whoever waits."""

    def __call__(self, items: Iterable[T], /) -> Iterator[T]: ...


class Found(NamedTuple):
    """A job by what it is found by, and how the whole of it is read; None where it is damaged.

    `raw` is the job as it is stored, where nobody has read the whole of it yet.
    """

    line: JobLine
    whole: Callable[[], Job | None]
    raw: bytes = b""


def when_created(found: Found) -> Cursor:
    return int(found.line.created_at.timestamp()), found.line.id


def when_finished(found: Found) -> Cursor:
    return int((found.line.finished_at or LONG_AGO).timestamp()), found.line.id


def page(
    jobs: Iterable[Found],
    by: Callable[[Found], Cursor],
    *,
    after: str,
    limit: int,
    newest_first: bool = False,
) -> tuple[list[Found], str | None]:
    """So many of these jobs, and the cursor of the page after; None behind the last.

    `after` is the cursor of this page, empty for the first: jobs that come or go meanwhile move no
    other to another page. Raises InvalidInput for one that is none.
    """
    start = _read(after) if after else None
    found = ((by(job), job) for job in jobs)
    rest = [
        each
        for each in found
        if start is None or (each[0] < start if newest_first else each[0] > start)
    ]
    rest.sort(key=itemgetter(0), reverse=newest_first)
    shown = [job for _, job in rest[:limit]]
    if len(rest) == len(shown):
        return shown, None
    last = rest[limit - 1][0]
    return shown, urlsafe_b64encode(msgspec.json.encode(last)).decode().rstrip("=")


def _read(cursor: str) -> Cursor:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        read: Cursor = CURSOR.decode(urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, RecursionError):
        raise InvalidInput({"after": _("Send the `next` of the page before, as it was.")}) from None
    return read


def is_found(job: JobLine, q: str, country: str) -> bool:
    """True where the job has all words of `q`, or a phone number with its digits, in whatever
    way people write them. `country` is how local numbers are read.
    """
    words, asked = _asked(q, country)
    figures = _figures(job.phone, country) if asked else ()
    if any(digits in number for digits in asked for number in figures):
        return True
    text = _folded((job.id, job.customer_name, job.location, job.phone, job.email, job.truck))
    return all(word in text for word in words)


def customer(job: JobLine) -> dict[str, str]:
    """By which all jobs of a customer are found: `phone`, as it is kept, without its extension, and
    `name`, folded; empty where the person has left the job.
    """
    name = "" if job.customer_name == REMOVED else folded(job.customer_name)
    return {"phone": job.phone.partition(phones.EXT)[0], "name": name}


def customer_asked(by: str, typed: str, country: str) -> str:
    """A whole phone number or name as `customer` has it."""
    if by == "name":
        return folded(typed)
    try:
        return phones.read(typed, country).partition(phones.EXT)[0]
    except phones.NoNumber:
        return typed  # as old files may have it


@lru_cache(maxsize=256)
def _asked(q: str, country: str) -> tuple[tuple[str, ...], frozenset[str]]:
    return tuple(folded(q).split()), phones.asked_for(q, country)


# A board of thousands is searched at each poll.
@lru_cache(maxsize=2**14)
def _folded(texts: tuple[str, ...]) -> str:
    return folded(" ".join(texts))


@lru_cache(maxsize=2**14)
def _figures(phone: str, country: str) -> frozenset[str]:
    return phones.figures(phone, country)
