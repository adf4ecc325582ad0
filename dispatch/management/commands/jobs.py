"""`manage.py jobs …`: the jobs, from a shell, and their DynamoDB table."""

import os
import re
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job, JobLine
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.search import customer_asked
from dispatch.domain.status import Status
from dispatch.domain.stored.document import (
    MigrationRefused,
    NoVersion,
    StaleWrite,
    UnreadableDocument,
)
from dispatch.domain.stored.ledger import Entry
from dispatch.domain.typed.texts import lines
from dispatch.management.commands._command import BusinessCommand, add_dry_run
from dispatch.management.commands._jobs_csv import add_choices, all_as_csv, import_csv, is_csv
from dispatch.management.commands._jobs_file import checked, read_file
from dispatch.management.commands._jobs_migrate import moved, taken_back
from dispatch.management.commands._jobs_past import moment, restored, versions, versions_of
from dispatch.management.commands._jobs_redact import add_whose, redacted, tidied

FASTER = "Somebody else has just written. Try again."


class Command(BusinessCommand):
    help = (
        "The jobs: list, show, verify, export, import, drop, archive, begin, history, restore,"
        " redact, create-table, migrate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="a line for each job")
        listing.add_argument("--status", type=_status, help="only those at this status")
        listing.add_argument("--all", action="store_true", help="those in the archive, too")
        whose = listing.add_mutually_exclusive_group()
        whose.add_argument("--phone", help="one customer's, the archived ones too: a whole number")
        whose.add_argument("--name", help="the same by a whole name")
        show = actions.add_parser("show", help="one job, as JSON")
        show.add_argument("id", help="of a job; of a broken entry its number will do, too")
        actions.add_parser("verify", help="is every entry readable, of jobs.json and its archive?")
        export = actions.add_parser("export", help="all jobs, the archive's too, as one document")
        export.add_argument("file", nargs="?", default="-", help="a path, or - for standard output")
        export.add_argument("--csv", action="store_true", help="rows, as for any FILE.csv")
        taking = actions.add_parser(
            "import", help="add the jobs of a file; known ids are left alone"
        )
        taking.add_argument(
            "file", help="a jobs.json of any schema, a CSV, or - for standard input"
        )
        taking.add_argument(
            "--keep-unreadable",
            action="store_true",
            help="take entries that cannot be read, or have a wrong field, as they are;"
            " of a CSV, leave such rows out",
        )
        add_choices(taking)
        dropping = actions.add_parser("drop", help="take out entries that cannot be read")
        dropping.add_argument("entry", nargs="+", help="its id or its number, as `verify` says it")
        dropping.add_argument("--month", metavar="2026-05", help="those of that month's archive")
        archiving = actions.add_parser(
            "archive",
            help="the daily work, now: archive what was finished three days ago, take persons out"
            " of months that are too old, sweep photos",
        )
        beginning = actions.add_parser("begin", help="empty ledgers where some were and are gone")
        table = actions.add_parser("create-table", help="the DynamoDB table, if it is not there")
        past = actions.add_parser("history", help="what is kept of earlier versions")
        past.add_argument("id", nargs="?", help="of a job: its versions")
        restoring = actions.add_parser("restore", help="jobs as they once were, as a new version")
        which = restoring.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="?", help="of one job")
        which.add_argument("--all", action="store_true", help="all; jobs made since stay")
        restoring.add_argument(
            "--to", type=moment, required=True, metavar="TIME", help="2026-11-26T17:00, local"
        )
        moving = actions.add_parser("migrate", help="all jobs to another place, while reads go on")
        where = moving.add_mutually_exclusive_group(required=True)
        where.add_argument("--to", metavar="URL", help="as in QDN_JOBS_URL; run again it goes on")
        where.add_argument("--back", action="store_true", help="take back what was begun")
        redacting = actions.add_parser("redact", help="take a person out of finished jobs for good")
        add_whose(redacting)
        for parser_ in (
            *(taking, dropping, archiving, beginning, restoring, table, moving, redacting),
        ):
            add_dry_run(parser_)

    def run(self, business: Business, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['action'].replace('-', '_')}")(business, options)

    def _list(self, business: Business, options: dict[str, Any]) -> None:
        wanted, jobs = options["status"], wiring.jobs(business)
        book = jobs.read()
        found = book.found
        if by := next((by for by in ("phone", "name") if options[by]), ""):
            asked = customer_asked(by, options[by], business.country)
            found = jobs.of_customer(book, by, asked)
        elif options["all"]:
            past = jobs.finished(book, date.min, date.max)
            found += [each for each in past if book.value(each.line.id) is None]
        for job in (each.line for each in found):
            if wanted in (None, job.status):
                self.stdout.write(_line(job))

    def _show(self, business: Business, options: dict[str, Any]) -> None:
        jobs, name = wiring.jobs(business), options["id"]
        book = jobs.read()
        entry = book.entry(name) or book.broken.get(_number(name)) or jobs.archived_entry(name)
        if entry is None:
            raise CommandError(f"There is no job {name!r}.")
        self.stdout.write(msgspec.json.format(entry.raw).decode(errors="replace"))
        if entry.problem:
            self.stderr.write(f"Cannot be read: {entry.problem}")

    def _verify(self, business: Business, options: dict[str, Any]) -> None:
        book = wiring.jobs(business).read()
        self.stdout.write(f"Revision {book.revision}: {_counted(book)}")
        if refusal := book.migration.refusal:
            self.stderr.write(refusal)
        broken, entries = self._told(book), len(book.entries)
        for name, month in self._months(business):
            if month is None:
                broken, entries = broken + 1, entries + 1
                continue
            self.stdout.write(f"Archive {name}, revision {month.revision}: {_counted(month)}")
            broken += self._told(month, f" of {name}")
            entries += len(month.entries)
        if broken:
            raise CommandError(f"{broken} of {entries} entries are broken.")

    def _told(self, book: JobBook, where: str = "") -> int:
        """How many of its entries are broken; each is said."""
        for number, entry in book.broken.items():
            self.stderr.write(f"Cannot be read: {entry.problem} (number {number}{where})")
        return len(book.problems)

    def _months(self, business: Business) -> Iterator[tuple[str, JobBook | None]]:
        """The archive; None for a month that cannot be read, which is said."""
        jobs = wiring.jobs(business)
        for name in jobs.month_names():
            try:
                yield name, jobs.month(name)
            except UnreadableDocument as error:
                self.stderr.write(f"Cannot be read: {error}")
                yield name, None

    def _export(self, business: Business, options: dict[str, Any]) -> None:
        if is_csv(options):
            self._write(all_as_csv(business).encode(), options["file"])
            return
        book = wiring.jobs(business).read().without_place()
        missing = list[str]()
        for name, month in self._months(business):
            missing += [name] if month is None else []
            book = book if month is None else book.including(month)
        self._write(book.encode(), options["file"])
        if missing:
            raise CommandError(f"Of the archive {', '.join(missing)} is missing in it.")

    def _write(self, body: bytes, file: str) -> None:
        if file == "-":
            try:
                self.stdout.write(lines(body.decode()), ending="")
            except UnicodeDecodeError as error:
                raise CommandError("Not all of it is UTF-8: export it into a file.") from error
            return
        try:
            with open(file, "wb", opener=_private) as out:
                out.write(body)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        self.stdout.write(f"Wrote {file}")

    def _import(self, business: Business, options: dict[str, Any]) -> None:
        if is_csv(options):
            self.stdout.write(import_csv(business, options, self.stderr.write))
            return
        source, wrong = checked(read_file(options["file"]), business)
        keeps = options["keep_unreadable"]
        for problem in wrong:
            self.stderr.write(f"{'Kept as it is' if keeps else 'Cannot be taken'}: {problem}")
        if wrong and not keeps:
            raise CommandError(
                f"Nothing imported: {len(wrong)} of {len(source.entries)} entries cannot be taken."
                " Mend them, or take them as they are with --keep-unreadable."
            )
        repository, new = wiring.jobs(business), 0
        rest = source.without(repository.archived_ids())

        def include(book: JobBook) -> JobBook:
            nonlocal new
            after = book.including(rest)
            new = len(after.entries) - len(book.entries)
            return after

        if options["dry_run"]:
            include(repository.read())
        else:
            repository.change(include)
        verb = "Would import" if options["dry_run"] else "Imported"
        self.stdout.write(f"{verb} {new} of {len(source.entries)} entries")

    def _drop(self, business: Business, options: dict[str, Any]) -> None:
        repository, month, gone = wiring.jobs(business), options["month"], 0
        if month and month not in repository.month_names():
            raise CommandError(f"There is no archive of {month}.")
        book = repository.month(month) if month else repository.read()
        chosen = dict(_broken(book, name) for name in options["entry"])
        raws = {entry.raw for entry in chosen.values()}  # numbers move while others write

        def take_out(book: JobBook) -> JobBook:
            nonlocal gone
            after = book.without_broken(raws)
            gone = len(book.entries) - len(after.entries)
            return after

        if not options["dry_run"]:
            if month:
                stamps = {month: repository.change_month(month, take_out).revision}
                repository.change(lambda book: book.stamped(stamps))
            else:
                repository.change(take_out)
            if not gone:
                raise CommandError("Somebody else has changed that meanwhile; nothing was dropped.")
        for number, entry in chosen.items():
            verb = "Would drop" if options["dry_run"] else "Dropped"
            self.stdout.write(f"{verb} {entry.problem} (number {number})")

    def _archive(self, business: Business, options: dict[str, Any]) -> None:
        archiver, book = wiring.archiver(business), wiring.jobs(business).read()
        if options["dry_run"]:
            moved = {name: len(entries) for name, entries in archiver.due(book).items()}
        else:
            moved = archiver.archive(business.today(wiring.now()))
        for name, count in moved.items():
            verb = "Would archive" if options["dry_run"] else "Archived"
            self.stdout.write(f"{verb} {count} jobs that were finished in {name}")
        if not moved:
            self.stdout.write("Nothing was finished more than three days ago.")
        for line in tidied(business, dry=options["dry_run"]):
            self.stdout.write(line)
        self._sweep(business, options["dry_run"])

    def _sweep(self, business: Business, dry: bool) -> None:
        if sweep := wiring.sweep(business):
            at = wiring.now()
            gone = sum(len(names) for _, names in sweep.due(at)) if dry else sweep.run(at)
            verb = "Would remove" if dry else "Removed"
            if gone:
                self.stdout.write(f"{verb} {gone} photos that no job names, or that are too old")

    def _history(self, business: Business, options: dict[str, Any]) -> None:
        name, told = options["id"], False
        for line in versions_of(business, name) if name else versions(business):
            self.stdout.write(line)
            told = True
        if not told:
            what = f"the job {name!r}" if name else "the jobs"
            raise CommandError(f"No version is kept of {what}.")

    def _restore(self, business: Business, options: dict[str, Any]) -> None:
        name, dry = options["id"], options["dry_run"]
        try:
            for line in restored(business, name, options["to"], dry=dry):
                self.stdout.write(line)
        except NoVersion as error:
            raise CommandError(str(error)) from error
        except JobNotFound as error:
            raise CommandError(f"{error}: its month is not known; run `jobs archive`.") from error
        except StaleWrite as error:
            raise CommandError(FASTER) from error

    def _redact(self, business: Business, options: dict[str, Any]) -> None:
        named, of, dry = options["id"], options["of"], options["dry_run"]
        for line in redacted(business, named, of, dry=dry):
            self.stdout.write(line)

    def _migrate(self, business: Business, options: dict[str, Any]) -> None:
        run = taken_back if options["back"] else moved
        try:
            for line in run(business, options["to"], self.stderr.write, dry=options["dry_run"]):
                self.stdout.write(line)
        except MigrationRefused as error:
            raise CommandError(str(error)) from error

    def _begin(self, business: Business, options: dict[str, Any]) -> None:
        dry = options["dry_run"]
        try:
            begun = wiring.archiver(business).begin(business.today(wiring.now()), dry=dry)
        except StaleWrite as error:
            raise CommandError(FASTER) from error
        for name in begun:
            self.stdout.write(f"{'Would begin' if dry else 'Began'} {name} anew")
        if not begun:
            raise CommandError("The jobs are there: there is nothing to begin anew.")

    def _create_table(self, business: Business, options: dict[str, Any]) -> None:
        if table := wiring.jobs_table():
            self.create_table(table, options["dry_run"])
        else:
            self.stdout.write("The jobs are a document: there is no table to make")


def _private(path: str, flags: int) -> int:
    """Opened for nobody else: it holds customers' addresses."""
    return os.open(path, flags, 0o600)


def _counted(book: JobBook) -> str:
    counts = Counter(job.status for job in book.jobs)
    told = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return f"{len(book.jobs)} jobs ({told or 'none'})"


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


def _line(job: JobLine) -> str:
    window = f"{job.window.date} {job.window.name}" if job.window else "no window"
    stored = (job.id, window, f"{job.customer_name}, {job.location}")
    name, when, who = (" ".join(text.split()) for text in stored)  # of one line
    return f"{name:12} {job.status:18} {when:22} {who}"
