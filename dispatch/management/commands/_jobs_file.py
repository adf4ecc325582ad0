"""The files that `manage.py jobs import` takes: read, and each entry checked."""

import re
import sys
from pathlib import Path

import msgspec
from django.core.management.base import CommandError
from msgspec import UNSET
from msgspec.structs import replace

from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.job import EDITABLE, Job, plain
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.domain.stored.ledger import UNREADABLE, Entry
from dispatch.domain.typed.texts import BYTE_ORDER_MARK, CONTROL_OR_TURN

NAMED = re.compile(r"`\$\.(\w+)|field `(\w+)`")  # how msgspec names a field
NO_JSON = (".ics", ".xls", ".xlsx")  # as other programs export theirs


def read_file(name: str) -> JobBook:
    if (kind := Path(name).suffix.lower()) in NO_JSON:
        raise CommandError(f"{name}: import takes a jobs.json or CSV, no {kind[1:].upper()} file.")
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        book = JobBook.decode(body)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    except UnreadableDocument as error:
        raise CommandError(f"{name}: {error}") from error
    if not book.entries and not _has_jobs(body):
        raise CommandError(f"{name}: this is no jobs.json: it has no `jobs`.")
    return book


def _has_jobs(body: bytes) -> bool:
    head = msgspec.json.decode(body.removeprefix(BYTE_ORDER_MARK))
    return isinstance(head, list) or isinstance(head.get("jobs"), list)


def checked(source: JobBook, business: Business) -> tuple[JobBook, list[str]]:
    """The file with its jobs' fields cleaned, and a line for each entry that cannot be taken."""
    wrong, cleaned = [], []
    for number, entry in enumerate(source.entries, 1):
        named = source.named(entry.raw)
        why = entry.problem.removeprefix(f"{named}: ")
        try:
            fields = job_input.clean(_fields(entry), business)
        except InvalidInput as invalid:
            names = {re.split(r"[.[]", name)[0] for name in invalid.errors}
            others = {name for pair in NAMED.findall(why) for name in pair if name} - names
            said = f"{invalid} {why if others else ''}".rstrip()
            wrong.append(f"{named}: {said} (number {number})")
            continue
        if entry.value and entry.value.price is UNSET:
            fields.pop("price", None)  # no load's price was agreed on
        if entry.value is None:
            wrong.append(f"{entry.problem} (number {number})")
        elif CONTROL_OR_TURN.search(entry.value.id):
            wrong.append(f"{named}: id: It has control characters in it. (number {number})")
        elif (job := replace(entry.value, **fields)) != entry.value:
            cleaned.append(job)
    return source.put(*cleaned), wrong


def _fields(entry: Entry[Job]) -> dict[str, object]:
    """Those of EDITABLE that the entry has, even where it cannot be read as a job."""
    if entry.value is not None:
        return {name: plain(entry.value.field(name)) for name in EDITABLE}
    try:
        stored = msgspec.json.decode(entry.raw, type=dict[str, msgspec.Raw])
        fields = JobBook.with_texts(JobBook.renamed(stored))
        return {name: msgspec.json.decode(fields[name]) for name in EDITABLE if name in fields}
    except UNREADABLE:
        return {}
