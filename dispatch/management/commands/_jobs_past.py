"""`manage.py jobs history` and `jobs restore`: what was, and back to it."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import datetime

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import EDITABLE, Job, plain
from dispatch.domain.stored.document import NoVersion

SHOWN = ("status", "finished_at", *EDITABLE, "crew", "paid", "eta", "notes")

NOTHING_KEPT = (
    "nothing is kept of it that could be put back; where it is gone, `manage.py jobs begin` begins"
    " it anew"
)


def moment(text: str) -> datetime:
    """With or without an offset; without, it is the business's time. Raises ArgumentTypeError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        sentence = f"{text!r} is no time: write 2026-11-26T17:00, or with an offset or Z."
        raise ArgumentTypeError(sentence) from None


def versions(business: Business) -> Iterator[str]:
    """A line for each kept version of the working set, newest first."""
    for at, book in wiring.past(business).versions():
        still_open = sum(job.status.is_open for job in book.jobs)
        yield (
            f"{_local(at, business)}  revision {book.revision:<6} {len(book.jobs)} jobs,"
            f" {still_open} of them open"
        )


def versions_of(business: Business, job_id: str) -> Iterator[str]:
    """A line for each version of one job, newest first, with what it changed."""
    found = list[tuple[datetime, Job]]()
    for at, book in wiring.past(business).versions():
        job = book.value(job_id)
        if job is None:
            continue
        if found and found[-1][1].version == job.version:
            found[-1] = (at, job)  # it was so before already
        else:
            found.append((at, job))
    for place, (at, job) in enumerate(found, 1):
        before = found[place][1] if place < len(found) else None
        what = ", ".join(difference(before, job)) if before else job.status.label
        if before and job.is_redacted and not before.is_redacted:
            what = "the person was taken out of it"
        yield f"{_local(at, business)}  version {job.version:<4} {what}"


def difference(before: Job, after: Job) -> list[str]:
    """`status: booked → completed` of each field that differs."""
    return [
        f"{name}: {_said(before, name)} → {_said(after, name)}"
        for name in SHOWN
        if getattr(before, name) != getattr(after, name)
    ]


def restored(business: Business, job_id: str | None, to: datetime, *, dry: bool) -> Iterator[str]:
    """A line for each thing done, or that would be. Raises NoVersion, StaleWrite."""
    jobs, past, now = wiring.jobs(business), wiring.past(business), wiring.now()
    mended, verb = jobs.put_back(dry=dry), "Would first put back" if dry else "Put back"
    for name, is_kept in mended.items():
        yield f"{verb} {name} as it last was" if is_kept else f"{name}: {NOTHING_KEPT}"
    if dry and any(mended.values()):
        return
    then = past.as_of(to if to.tzinfo else to.replace(tzinfo=business.zone))
    if job_id is not None and then.value(job_id) is None:
        raise NoVersion(f"There was no job {job_id!r} then.")
    chosen = [
        (before, back) for before, back in past.differences(then, now) if job_id in (None, back.id)
    ]
    if not chosen:
        yield "Nothing is different now from what it was then."
        return
    if not dry:
        past.restore(then, chosen, now)
    for before, back in chosen:
        if before is back:
            yield f"{back.id} stays as it is: the person was taken out of it for good"
            continue
        what = ", ".join(difference(before, back)) if before else "it was gone"
        yield f"{'Would restore' if dry else 'Restored'} {back.id} {back.customer_name}: {what}"


def _said(job: Job, name: str) -> object:
    value = plain(getattr(job, name))
    return f"{len(value)} notes" if name == "notes" else value


def _local(at: datetime, business: Business) -> str:
    return f"{at.astimezone(business.zone):%Y-%m-%d %H:%M:%S}"
