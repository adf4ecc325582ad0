"""`manage.py jobs list|show|verify|export|import`: the jobs, from a shell."""

import sys
from argparse import ArgumentTypeError
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser
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
from dispatch.management.commands._command import BusinessCommand, add_dry_run


class Command(BusinessCommand):
    help = "The jobs: list, show, verify, export, import."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="a line for each job")
        listing.add_argument("--status", type=_status, help="only those at this status")
        show = actions.add_parser("show", help="one job, as JSON")
        show.add_argument("id")
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
        add_dry_run(taking)

    def run(self, business: Business, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['action']}")(business, options)

    def _list(self, business: Business, options: dict[str, Any]) -> None:
        wanted = options["status"]
        for job in wiring.jobs(business).read().jobs:
            if wanted in (None, job.status):
                self.stdout.write(_line(job))

    def _show(self, business: Business, options: dict[str, Any]) -> None:
        entry = wiring.jobs(business).read().entry(options["id"])
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
        for problem in book.problems:
            self.stderr.write(f"Cannot be read: {problem}")
        if book.problems:
            raise CommandError(f"{len(book.problems)} of {len(book.entries)} entries are broken.")

    def _export(self, business: Business, options: dict[str, Any]) -> None:
        body = wiring.jobs(business).read().encode()
        if options["file"] == "-":
            try:
                self.stdout.write(body.decode(), ending="")
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


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(Status)}") from error


def _read(name: str) -> JobBook:
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return JobBook.decode(body)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    except UnreadableDocument as error:
        raise CommandError(f"{name}: {error}") from error


def _checked(source: JobBook, business: Business) -> tuple[JobBook, list[str]]:
    """The file with its jobs' fields cleaned, and a line for each entry that cannot be taken."""
    wrong, cleaned = [], []
    for entry in source.entries:
        try:
            fields = job_input.clean(_fields(entry), business)
        except InvalidInput as invalid:
            wrong.append(f"{source.named(entry.raw)}: {invalid}")
            continue
        if entry.value is None:
            wrong.append(entry.problem)
        elif (job := replace(entry.value, **fields)) != entry.value:
            cleaned.append(job)
    return source.put(*cleaned), wrong


def _fields(entry: Entry[Job]) -> dict[str, object]:
    """Those of EDITABLE that the entry has, even where it cannot be read as a job."""
    if entry.value is not None:
        return {name: plain(entry.value.field(name)) for name in EDITABLE}
    try:
        stored = JobBook.canonical(msgspec.json.decode(entry.raw, type=dict[str, msgspec.Raw]))
        return {name: msgspec.json.decode(stored[name]) for name in EDITABLE if name in stored}
    except UNREADABLE:
        return {}


def _line(job: Job) -> str:
    window = f"{job.window.date} {job.window.name}" if job.window else "no window"
    return f"{job.id:12} {job.status:18} {window:22} {job.customer_name}, {job.location}"
