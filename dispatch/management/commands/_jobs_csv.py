"""The CSV files that `manage.py jobs import` and `export` take and write, of any size."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import SYSTEM
from dispatch.spreadsheet import rows
from dispatch.spreadsheet.columns import IGNORED, READABLE, plain, recognised
from dispatch.spreadsheet.export import jobs_csv
from dispatch.spreadsheet.reading import NoTable, Sheet, read
from dispatch.spreadsheet.rows import Choices, Taken, book_of, taken
from dispatch.spreadsheet.times import Order

CSV = (".csv", ".tsv")
FIRST, LAST = date(1970, 1, 1), date(9999, 12, 30)
EVERY = 1.0  # seconds between lines of progress


def add_choices(parser: CommandParser) -> None:
    """What a CSV does not say itself."""
    parser.add_argument("--csv", action="store_true", help="it is CSV, whatever it is called")
    parser.add_argument(
        "--dates", choices=[*Order], help="of days such as 03/04/2026, where all rows leave it open"
    )
    parser.add_argument("--day", default="", metavar="DATE", help="of all rows, if no column is it")
    parser.add_argument("--window", default="", help="of a day without a time")
    fields = ", ".join(field.name for field in READABLE)
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="HEADING=FIELD",
        help=f"what a column is; empty leaves it out. Fields: {fields}",
    )


def is_csv(options: dict[str, Any]) -> bool:
    return bool(options["csv"]) or Path(options["file"]).suffix.lower() in CSV


def all_as_csv(business: Business) -> str:
    return "".join(jobs_csv(business, FIRST, LAST))


def import_csv(business: Business, options: dict[str, Any], tell: Callable[[str], None]) -> str:
    """What was done, or with `dry_run` would be. `tell` is told of each row that is no job, and how
    it goes on where that takes longer. Raises CommandError, StoreUnavailable.
    """
    sheet, keeps = _read(options["file"]), options["keep_unreadable"]
    names, count = _fields(sheet, options["column"]), len(sheet.rows)
    choices = Choices(names, _order(sheet, names, options), options["window"], options["day"])
    roster, known = wiring.roster(business).read(), wiring.jobs(business).ids()
    found = taken(sheet, choices, business, roster, known, by=SYSTEM)
    done = list(_with_progress(found, count, tell))
    wrong = [row for row in done if row.wrong]
    for row in done:
        for hint in row.hints:
            tell(f"Row {row.row.number}: {hint}")
    for row in wrong:
        tell(f"{'Left out' if keeps else 'Cannot be taken'}: row {row.row.number}: {row.wrong}")
    if wrong and not keeps:
        raise CommandError(
            f"Nothing imported: {len(wrong)} of {count} rows cannot be taken."
            " Mend them, or leave them out with --keep-unreadable."
        )
    new = wiring.archiver(business).include(book_of(done), dry=options["dry_run"])
    return f"{'Would import' if options['dry_run'] else 'Imported'} {new} of {count} rows"


def _read(name: str) -> Sheet:
    try:
        return read(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    except NoTable as error:
        raise CommandError(f"{name}: {error}") from error


def _fields(sheet: Sheet, said: list[str]) -> tuple[str, ...]:
    """By their headings, but for what was `said`. Raises CommandError."""
    fields, headings = recognised(sheet.header), [plain(heading) for heading in sheet.header]
    for each in said:
        heading, _, name = each.rpartition("=")
        if plain(heading) not in headings:
            raise CommandError(f"There is no column {heading!r}.")
        if name not in (IGNORED, *(field.name for field in READABLE)):
            raise CommandError(f"{name!r} is no field: see `jobs import --help`.")
        fields[headings.index(plain(heading))] = name
    return tuple(fields)


def _order(sheet: Sheet, names: tuple[str, ...], options: dict[str, Any]) -> Order | None:
    """Raises CommandError where it has to be said."""
    order = rows.order_of(sheet, names) or options["dates"]
    if order is None:
        typed = rows.doubtful(sheet, names)
        ways = " or ".join(f"{rows.in_words(typed, way)} (--dates {way})" for way in Order)
        raise CommandError(f"“{typed}” may be {ways}: say which.")
    return Order(order)


def _with_progress(
    done: Iterator[Taken], count: int, tell: Callable[[str], None]
) -> Iterator[Taken]:
    told_at = time.monotonic()
    for number, row in enumerate(done, 1):
        if time.monotonic() - told_at >= EVERY:
            told_at = time.monotonic()
            tell(f"{number:,} of {count:,} rows read")
        yield row
