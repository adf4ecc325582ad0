"""`manage.py jobs redact`: a person out of finished jobs, and who else still holds them.

`jobs archive` does the same by itself to months that are older than `keep_months`.
"""

from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.privacy.redaction import StillOpen, has_left, unknown
from dispatch.domain.search import customer_asked
from dispatch.domain.stored.ledger import Entry

TEXTS = ("phone", "email", "postcode", "description", "access_notes", "language", "price_lines")
LISTS = ("photos", "notes", "messages", "messages_in", "consent", "keys")


def add_whose(parser: CommandParser) -> None:
    parser.add_argument("id", nargs="*", help="of jobs that are completed or cancelled")
    parser.add_argument("--of", metavar="PHONE|EMAIL", help="all jobs of one customer")


def redacted(business: Business, named: list[str], of: str | None, *, dry: bool) -> Iterator[str]:
    """A line for each thing done, or that would be, and for each place that holds them still.

    Raises CommandError, and then nothing was changed unless it says so.
    """
    redactor, at = wiring.redactor(business), wiring.now()
    ids = list(dict.fromkeys([*named, *(_ids_of(business, of) if of else ())]))
    if not ids:
        raise CommandError("Name jobs by their ids, or a customer with --of.")
    found = {job_id: _checked(business, job_id) for job_id in ids}
    problems = dict[str, None]()
    for job_id, entries in found.items():
        try:
            if not dry and (why := redactor.redact(job_id, at)):
                problems[why] = None
        except StillOpen as error:
            raise CommandError(f"Somebody has just reopened the job {job_id!r}.") from error
        except JobNotFound as error:
            raise CommandError(f"Somebody has just taken out the job {job_id!r}.") from error
        left = [entry for entry in entries if not has_left(entry)]
        what = _taken_out(left)
        yield (
            f"{'Would remove' if dry else 'Removed'} from {job_id}: {what}"
            if left
            else (f"Nothing of a person is left in {job_id}")
        )
    if dry:
        yield "This cannot be undone: no restore brings them back."
    yield from _still_held(business)
    if problems or (problems := _unreadable(business, ids)):
        raise CommandError(
            f"{' '.join(problems)} The person may be in there, too: mend it (`jobs verify` says"
            " what), and run this again."
        )


def tidied(business: Business, *, dry: bool) -> Iterator[str]:
    """Persons out of months that are too old, and versions that are kept no longer."""
    redactor, at = wiring.redactor(business), wiring.now()
    if dry:
        for month, count in redactor.due(business.today(at)).items():
            yield f"Would take the person out of {count} jobs that were finished in {month}"
        return
    done = redactor.run(business.today(at), at)
    if done.jobs:
        months = business.keep_months
        yield f"Took the person out of {done.jobs} jobs that were finished {months} months ago"
    if done.damaged:
        yield f"Persons stay in what cannot be read of the archive of {', '.join(done.damaged)}"
    if gone := wiring.forget_old(business):
        yield f"Removed {gone} old versions"


def _ids_of(business: Business, of: str) -> list[str]:
    """Of all jobs with that phone number or e-mail address. Raises CommandError."""
    jobs = wiring.jobs(business)
    book = jobs.refreshed(at_once=True)
    if "@" in of:
        every = (*book.found, *jobs.finished(book, date.min, date.max))
        theirs = [each for each in every if each.line.email.casefold() == of.strip().casefold()]
    else:
        theirs = jobs.of_customer(book, "phone", customer_asked("phone", of, business.country))
    if not theirs:
        raise CommandError(f"No job has {of!r} as its phone number or e-mail address.")
    return [each.line.id for each in theirs]


def _checked(business: Business, job_id: str) -> list[Entry[Job]]:
    """The job wherever it lies. Raises CommandError for one that is open or not there."""
    try:
        copies = wiring.redactor(business).copies(job_id)
    except JobNotFound as error:
        raise CommandError(f"There is no job {job_id!r}. Nothing was changed.") from error
    if (status := copies[0].job.status).is_open:
        raise CommandError(
            f"The job {job_id!r} is still open ({status.label}): complete or cancel it first."
            " Nothing was changed."
        )
    return [copy.entry for copy in copies]


def _taken_out(entries: list[Entry[Job]]) -> str:
    """`name, address, phone, 2 photos, the link, texts in its history; and of fields that this
    version does not know nickname`.
    """
    jobs = [entry.value for entry in entries if entry.value]
    what = ["name", "address", *(name for name in TEXTS if any(getattr(job, name) for job in jobs))]
    for name in LISTS:
        if count := max((len(getattr(job, name) or ()) for job in jobs), default=0):
            what.append(f"{count} {name}")
    what += ["the link"] if any(job.tracking_token for job in jobs) else []
    strange = sorted({name for entry in entries for name in unknown(entry.raw)})
    return ", ".join([*what, "texts in its history"]) + (
        f"; and fields that this version does not know: {', '.join(strange)}" if strange else ""
    )


def _still_held(business: Business) -> Iterator[str]:
    """A line for each place that may hold the person all the same, and until when."""
    where, kept = wiring.where_jobs_are(business), wiring.versions_kept()
    yield "Who still holds them:"
    if kept is None:
        yield f"- earlier versions in {where}: as long as its bucket’s own rules keep them"
    else:
        until = business.today(wiring.now() + kept)
        place = (
            "the log of the table" if wiring.jobs_table() else f"the folders `versions` of {where}"
        )
        yield f"- earlier versions in {place}: until {until} at the latest"
    if (settings.PHOTOS_URL or "").startswith("s3:"):
        photos = settings.PHOTOS_URL.format(business=business.slug)
        yield f"- deleted photos in {photos}: as long as its bucket’s own rules keep them"
    yield "- exported files, backups and the place of an earlier `migrate`: until you delete them"
    yield "- the page of the day that phones of the crew keep: until they open it the next time"
    yield "- messages that were sent: with who got them, and with the providers of mail and texts"


def _unreadable(business: Business, ids: list[str]) -> dict[str, None]:
    """Why a person may be in entries that cannot be read."""
    jobs = wiring.jobs(business)
    broken = jobs.read().broken.items()
    numbers = [number for number, entry in broken if any(i.encode() in entry.raw for i in ids)]
    said = [f"Entry number {number} cannot be read." for number in numbers]
    said += [f"Not all of the archive of {month} can be read." for month in jobs.damaged_months]
    return dict.fromkeys(said)
