"""`manage.py jobs list|show|verify|export|import|drop`: the jobs, from a shell."""

import re
import sys
from argparse import ArgumentTypeError
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser
from msgspec import UNSET
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business
from dispatch.domain.document import UnreadableDocument
from dispatch.domain.job import EDITABLE, Job, plain
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.ledger import UNREADABLE, Entry
from dispatch.domain.status import Status
from dispatch.domain.typed.texts import BYTE_ORDER_MARK, CONTROL_OR_TURN, lines
from dispatch.management.commands._command import BusinessCommand, add_dry_run

NAMED = re.compile(r"`\$\.(\w+)|field `(\w+)`")  # how msgspec names a field
NO_JSON = (".csv", ".tsv", ".ics", ".xls", ".xlsx")  # as other programs export theirs


class Command(BusinessCommand):
    help = "The jobs: list, show, verify, export, import, drop."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="a line for each job")
        listing.add_argument("--status", type=_status, help="only those at this status")
        show = actions.add_parser("show", help="one job, as JSON")
        show.add_argument("id", help="of a job; of a broken entry its number will do, too")
        actions.add_parser("verify", help="is every entry of jobs.json readable?")
        export = actions.add_parser("export", help="the whole document, as we write it")
        export.add_argument("file", nargs="?", default="-", help="a path, or - for standard output")
        taking = actions.add_parser(
            "import", help="add the jobs of a file; known ids are left alone"
        )
        taking.add_argument("file", help="a jobs.json of any schema, or - for standard input")
        taking.add_argument(
            "--keep-unreadable",
            action="store_true",
            help="take entries that cannot be read, or have a wrong field, as they are",
        )
        dropping = actions.add_parser("drop", help="take out entries that cannot be read")
        dropping.add_argument("entry", nargs="+", help="its id or its number, as `verify` says it")
        for parser_ in (taking, dropping):
            add_dry_run(parser_)

    def run(self, business: Business, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['action']}")(business, options)

    def _list(self, business: Business, options: dict[str, Any]) -> None:
        wanted = options["status"]
        for job in wiring.jobs(business).read().jobs:
            if wanted in (None, job.status):
                self.stdout.write(_line(job))

    def _show(self, business: Business, options: dict[str, Any]) -> None:
        book = wiring.jobs(business).read()
        entry = book.entry(options["id"]) or book.broken.get(_number(options["id"]))
        if entry is None:
            raise CommandError(f"There is no job {options['id']!r}.")
        self.stdout.write(msgspec.json.format(entry.raw).decode(errors="replace"))
        if entry.problem:
            self.stderr.write(f"Cannot be read: {entry.problem}")

    def _verify(self, business: Business, options: dict[str, Any]) -> None:
        book = wiring.jobs(business).read()
        counts = Counter(job.status for job in book.jobs)
        told = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
        self.stdout.write(f"Revision {book.revision}: {len(book.jobs)} jobs ({told or 'none'})")
        for number, entry in book.broken.items():
            self.stderr.write(f"Cannot be read: {entry.problem} (number {number})")
        if book.problems:
            raise CommandError(f"{len(book.problems)} of {len(book.entries)} entries are broken.")

    def _export(self, business: Business, options: dict[str, Any]) -> None:
        body = wiring.jobs(business).read().encode()
        if options["file"] == "-":
            try:
                self.stdout.write(lines(body.decode()), ending="")
            except UnicodeDecodeError as error:
                raise CommandError("Not all of it is UTF-8: export it into a file.") from error
            return
        try:
            Path(options["file"]).write_bytes(body)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        self.stdout.write(f"Wrote {options['file']}")

    def _import(self, business: Business, options: dict[str, Any]) -> None:
        source, wrong = _checked(_read(options["file"]), business)
        keeps = options["keep_unreadable"]
        for problem in wrong:
            self.stderr.write(f"{'Kept as it is' if keeps else 'Cannot be taken'}: {problem}")
        if wrong and not keeps:
            raise CommandError(
                f"Nothing imported: {len(wrong)} of {len(source.entries)} entries cannot be taken."
                " Mend them, or take them as they are with --keep-unreadable."
            )
        repository, new = wiring.jobs(business), 0

        def include(book: JobBook) -> JobBook:
            nonlocal new
            after = book.including(source)
            new = len(after.entries) - len(book.entries)
            return after

        if options["dry_run"]:
            include(repository.read())
        else:
            repository.change(include)
        verb = "Would import" if options["dry_run"] else "Imported"
        self.stdout.write(f"{verb} {new} of {len(source.entries)} entries")

    def _drop(self, business: Business, options: dict[str, Any]) -> None:
        repository, gone = wiring.jobs(business), 0
        book = repository.read()
        chosen = dict(_broken(book, name) for name in options["entry"])
        raws = {entry.raw for entry in chosen.values()}  # numbers move while others write

        def take_out(book: JobBook) -> JobBook:
            nonlocal gone
            after = book.without_broken(raws)
            gone = len(book.entries) - len(after.entries)
            return after

        if not options["dry_run"]:
            repository.change(take_out)
            if not gone:
                raise CommandError("Somebody else has changed that meanwhile; nothing was dropped.")
        for number, entry in chosen.items():
            verb = "Would drop" if options["dry_run"] else "Dropped"
            self.stdout.write(f"{verb} {entry.problem} (number {number})")


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(Status)}") from error


def _number(name: str) -> int:
    """0 where it is none."""
    return int(name) if re.fullmatch("[0-9]{1,9}", name) else 0


def _broken(book: JobBook, name: str) -> tuple[int, Entry[Job]]:
    """The number of the broken entry of that id or number, and the entry. Raises CommandError."""
    same = [number for number in book.broken if _is_named(book.broken[number], name)]
    if len(same) > 1:
        numbers = ", ".join(map(str, same))
        raise CommandError(f"Several broken entries are {name!r}: say the number, of {numbers}.")
    number = same[0] if same else _number(name)
    if number not in book.broken:
        raise CommandError(
            f"The job {name!r} can be read: only what is broken is dropped."
            if book.value(name)
            else f"There is no broken entry {name!r}; `jobs verify` lists those that there are."
        )
    return number, book.broken[number]


def _is_named(entry: Entry[Job], name: str) -> bool:
    return JobBook.named(entry.raw) == f"entry {name!r}"


def _read(name: str) -> JobBook:
    if (kind := Path(name).suffix.lower()) in NO_JSON:
        raise CommandError(f"{name}: import takes a jobs.json, no {kind[1:].upper()} file.")
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


def _checked(source: JobBook, business: Business) -> tuple[JobBook, list[str]]:
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


def _line(job: Job) -> str:
    window = f"{job.window.date} {job.window.name}" if job.window else "no window"
    stored = (job.id, window, f"{job.customer_name}, {job.location}")
    name, when, who = (" ".join(text.split()) for text in stored)  # of one line
    return f"{name:12} {job.status:18} {when:22} {who}"
