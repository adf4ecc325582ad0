"""Jobs and payments as CSV, for an accountant and for other programs.

UTF-8 with a byte order mark, so that Excel opens its accents, CRLF, a comma between, texts quoted.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import LONG_AGO, Item, Job, JobLine
from dispatch.domain.jobbook import JobBook
from dispatch.domain.roster import Roster
from dispatch.domain.search import Found
from dispatch.domain.visit.bill import payments_of
from dispatch.domain.visit.money import Payment
from dispatch.spreadsheet.cells import defused
from dispatch.spreadsheet.columns import BY_NAME, OURS
from dispatch.turns import in_turns

MARK = "\N{BYTE ORDER MARK}"
PAYMENT_HEADINGS = ("Day", "Amount", "Method", "Taken by", "Job", "Customer", "Driver")
BEFORE_ALL, AFTER_ALL = date(1, 1, 2), date(9999, 12, 30)
Cell = str | Decimal


class GivenBack:
    """What the writer writes is what it returns: one writer for all lines, from any greenlet."""

    def write(self, line: str) -> str:
        return line


# What a program that splits at another delimiter would make of them is one text still.
WRITER: Any = csv.writer(GivenBack(), quoting=csv.QUOTE_ALL)


def jobs_csv(business: Business, first: date, last: date) -> Iterator[str]:
    """A line a job, oldest first: finished ones on the day they were finished, others on that of
    their window, or where none is agreed on that on which they were made.

    Line by line, a month of the archive at a time. Raises StoreUnavailable.
    """
    roster = wiring.roster(business).read()
    yield MARK + _line(BY_NAME[name].heading for name in OURS)
    for job in _of_days(business, first, last):
        yield _line(job_cells(job, business, roster))
    yield from _missing(business)


def payments_csv(business: Business, first: date, last: date) -> Iterator[str]:
    """A line for each payment of these days that was not taken back, by its job's day.

    Raises StoreUnavailable.
    """
    roster = wiring.roster(business).read()
    yield MARK + _line(PAYMENT_HEADINGS)
    start, end = business.days(first, last)
    for job in _of_days(business, BEFORE_ALL, AFTER_ALL):
        for paid in _payments(job):
            if start <= paid.at < end:
                yield _line(_payment_cells(paid, job, business, roster))
    yield from _missing(business)


def _missing(business: Business) -> Iterator[str]:
    """Better said in the file itself than nowhere."""
    if months := wiring.jobs(business).damaged_months:
        why = _("Of the archive {months} cannot be read, or not all of it: jobs are missing here.")
        yield _line([why.format(months=", ".join(months))])


def _of_days(business: Business, first: date, last: date) -> Iterator[Job]:
    """Oldest first, in turn with others."""
    book = wiring.jobs(business).read()
    spans = list[tuple[date, date]]()
    months = {*book.archive.months} | {_month(day_of(job, business)) for job in book.jobs}
    for month in sorted(months):
        start = date.fromisoformat(f"{month}-01")
        end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if start <= last and first <= end:
            spans.append((max(start, first), min(end, last)))
    # The next month is read while this one is written: a year from S3 takes a quarter less.
    with ThreadPoolExecutor(1) as pool:
        reads = deque[Future[list[Found]]]()
        for span in spans:
            reads.append(pool.submit(_of_month, business, book, *span))
            if len(reads) > 1:
                yield from _whole(reads.popleft().result())
        for read in reads:
            yield from _whole(read.result())


def _whole(found: list[Found]) -> Iterator[Job]:
    return (job for each in in_turns(found) if (job := each.whole()))


def _of_month(business: Business, book: JobBook, first: date, last: date) -> list[Found]:
    found = jobs.finished(business, first, last, book=book)
    found += [
        each
        for each in book.found
        if each.line.status.is_open and first <= day_of(each.line, business) <= last
    ]
    found.sort(key=lambda each: (day_of(each.line, business), each.line.created_at))
    return found


def day_of(job: JobLine, business: Business) -> date:
    """The day of which a job is, here."""
    if job.finished_at or not job.window:
        return business.today(job.finished_at or job.created_at)
    return job.window.date


def _month(day: date) -> str:
    return day.isoformat()[:7]


def job_cells(job: Job, business: Business, roster: Roster) -> Iterator[Cell]:
    """In the order of OURS."""
    window, payments = job.window, _payments(job)
    cells: dict[str, Any] = {
        **{name: getattr(job, name) for name in OURS if hasattr(job, name)},
        "created_at": "" if job.created_at == LONG_AGO else _moment(job.created_at, business),
        "date": f"{window.date}" if window else "",
        "window": business.label_of(window.name) if window else "",
        "start": window.start if window else "",
        "end": window.end if window else "",
        "finished_at": _moment(job.finished_at, business) if job.finished_at else "",
        "status": job.status.label,
        "phone": business.phone_text(job.phone),
        "load": load.label if (load := business.load(job.load)) else job.load,
        "items": "; ".join(_item(item, business) for item in job.items),
        "driver": roster.name_of(job.crew.driver) if job.crew.driver else "",
        "price": job.price if isinstance(job.price, Decimal) else "",
        "paid": sum((each.amount for each in payments), Decimal(0)),
        "open": job.open_amount,
        "methods": ", ".join(dict.fromkeys(each.method for each in payments)),
        "payments": "; ".join(
            f"{business.today(each.at)} {_figures(each.amount)} {each.method}" for each in payments
        ),
    }
    return (cells[name] for name in OURS)


def _payments(job: Job) -> list[Payment]:
    """Those that count."""
    return [each for each in payments_of(job) if not each.reversed]


def _payment_cells(paid: Payment, job: Job, business: Business, roster: Roster) -> Iterable[Cell]:
    driver = roster.name_of(job.crew.driver) if job.crew.driver else ""
    day, by = f"{business.today(paid.at)}", roster.name_of(paid.by)
    return day, paid.amount, paid.method, by, job.id, job.customer_name, driver


def _item(item: Item, business: Business) -> str:
    offer = business.item(item.name)
    return f"{item.count} × {offer.label if offer else item.name}"


def _moment(at: datetime, business: Business) -> str:
    return at.astimezone(business.zone).isoformat(" ")[: len("2026-05-22 12:00")]


def _figures(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _line(cells: Iterable[Cell]) -> str:
    """Texts quoted and defused, amounts as the numbers that they are."""
    row = [_figures(each) if isinstance(each, Decimal) else defused(each) for each in cells]
    line: str = WRITER.writerow(row)
    return line
