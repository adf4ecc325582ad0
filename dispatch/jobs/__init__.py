"""Changes of jobs: each function is one, for pages and API alike.

All raise StoreUnavailable; those that take a job's id or token raise JobNotFound. With a `key`,
the same action of the same person is done once, however often it comes. `ago` is how long before
it reached us it was done, by who had no reception then.
"""

from collections.abc import Callable, Mapping, Set
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import UNSET

from dispatch import wiring
from dispatch.domain import moves
from dispatch.domain.availability import INSISTED, NotAvailable, check
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, ROLES, Consent, Crew, Event, Job, Request, Window, plain
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.moves import UNDO, Illegal, IllegalMove, JobConflict, undoes_to
from dispatch.domain.outbox.caused import with_messages
from dispatch.domain.outbox.consent import with_consent
from dispatch.domain.outbox.message import Channel
from dispatch.domain.permissions import Actor
from dispatch.domain.planning import schedule
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON
from dispatch.domain.typed.sentences import Sentence as _
from dispatch.domain.visit.bill import TooMuch
from dispatch.jobs.action import NO_TIME, Action, changing, once_for
from dispatch.jobs.action import Change as Change
from dispatch.jobs.action import Done as Done
from dispatch.jobs.customer import choose_language as choose_language
from dispatch.jobs.customer import reply as reply
from dispatch.jobs.customer import reschedule as reschedule
from dispatch.jobs.customer import write as write
from dispatch.jobs.money import answer as answer
from dispatch.jobs.money import offer as offer
from dispatch.jobs.money import pay as pay
from dispatch.jobs.money import reverse as reverse
from dispatch.jobs.money import withdraw as withdraw
from dispatch.jobs.reading import MOST_DAYS as MOST_DAYS
from dispatch.jobs.reading import around as around
from dispatch.jobs.reading import find as find
from dispatch.jobs.reading import find_by_token as find_by_token
from dispatch.jobs.reading import finished as finished
from dispatch.jobs.reading import of_day as of_day
from dispatch.jobs.reading import seen

SILENT = 10  # seconds without word from the storage

# What one job's change is refused by; nothing of it has happened then.
REFUSED = (
    *(IllegalMove, InvalidInput, JobConflict, JobNotFound),
    *(NotAvailable, TooMuch, WindowFull),
)


def is_silent(age: float) -> bool:
    """True where the storage last answered so many seconds ago that pages must say so."""
    return age > SILENT


class KeyReused(Exception):
    """This idempotency key made another job, `job`."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"the key has made job {job.id}")
        self.job = job


def create(
    business: Business,
    fields: Mapping[str, Any],
    *,
    status: Status,
    by: str,
    key: str = "",
    source: str = "",
    insist: bool = False,
    doubtful: bool = False,
    consent: Mapping[str, Consent] | None = None,
) -> Done:
    """A new job; with `key`, the request's idempotency key, one job however often it comes.

    `source` tells requests of one sender from those of others; a `doubtful` one may be a robot's;
    `consent` is by channel.
    Raises IllegalMove for a status that no job starts in, KeyReused where the key already made a
    job of other fields, WindowFull, and NotAvailable for a crew that cannot be (with `insist`,
    beyond what there is room for, too), TooManyRequests where too many of this customer's, or of
    all customers', wait, MadeElsewhere where the same request came from another sender before.
    """
    moves.check_first(status)
    at, channels = wiring.now(), wiring.carriers(business).keys()
    # With the channels that were agreed to, but not with when: a repetition is the same request.
    agreed = {"consent": sorted(consent)} if consent else {}
    request = _request(key, by, {**fields, **agreed, "status": status}, source) if key else None
    job = Job(
        id=wiring.new_job_id(),
        tracking_token=wiring.new_token(),
        status=status,
        history=(Event(at=at, by=by, what="created"),),
        created_at=at,
        updated_at=at,
        request=request or UNSET,
        doubtful=doubtful or UNSET,
        consent=consent or UNSET,
        **fields,
    )

    def add(book: JobBook) -> JobBook:
        if request and book.by_request(request):
            return book
        if by == CUSTOMER:
            book.check_floods(source, at)
        insisted = _fits(job, None, book, business, at, insist=insist)
        if any(job.crew):
            roster = wiring.roster(business).refreshed(at_once=True)  # as in `assign`
            crew = msgspec.structs.asdict(job.crew)
            insisted |= check(crew, job, roster, book, business, insist=insist)
        made = _insisted(job) if insisted else job
        return book.put(with_messages(made, None, business, channels, at))

    book = wiring.jobs(business).change(add)
    made = (request and book.by_request(request)) or book.job(job.id)
    if request and made.request and made.request.digest != request.digest:
        raise KeyReused(made)
    return Done(made, book.revision)


@Action
def move(
    business: Business,
    job_id: str,
    to: Status,
    *,
    by: Actor,
    expected: Status | None = None,
    reason: str = "",
    insist: bool = False,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """Raises IllegalMove; JobConflict where the job is no longer at `expected`; WindowFull where
    its window has no room for it (with `insist`, it goes there all the same).
    """
    if reason == UNDO:  # within a minute by our clock, whatever the phone's says
        ago = NO_TIME
    starts = to is Status.IN_PROGRESS and reason != UNDO
    starter = wiring.roster(business).read().value(by.name) if starts else None

    def apply(job: Job, at: datetime, book: JobBook) -> Job:
        _still_at(expected, job)
        at = max(at, job.last_move.moment) if job.last_move else at  # a history has an order
        moved = moves.move(job, to, by=by, at=at, business=business, reason=reason)
        if _fits(moved, job, book, business, at, insist=insist):
            moved = _insisted(moved)
        drives = starter and "driver" in starter.roles and not job.crew.driver
        return moves.driven_by(moved, by.name, at) if drives else moved

    return changing(job_id, by, apply, once_for(key, by, "move", to, reason), ago)


@Action
def undo(
    business: Business,
    job_id: str,
    *,
    by: Actor,
    expected: Status | None = None,
    key: str = "",
) -> Change:
    """Take back one's own last move. Raises as `move` does."""

    def apply(job: Job, at: datetime, book: JobBook) -> Job:
        _still_at(expected, job)
        back = undoes_to(job, by, at) or job.status  # which is refused
        undone = moves.move(job, back, by=by, at=at, business=business, reason=UNDO)
        _fits(undone, job, book, business, at)
        return undone

    return changing(job_id, by, apply, once_for(key, by, "undo"))


@Action
def assign(
    business: Business,
    job_id: str,
    roles: Mapping[str, str | None],
    *,
    by: Actor,
    version: int | None = None,
    insist: bool = False,
    key: str = "",
    roster: Callable[[], Roster] | None = None,
) -> Change:
    """Put usernames (None: nobody) on roles. Raises JobConflict, NotAvailable, InvalidInput.

    With `insist`, beyond `jobs_per_window` too. `roster` reads it as it is now.
    """
    now = roster or partial(wiring.roster(business).refreshed, at_once=True)
    at, once = wiring.now(), once_for(key, by, "assign", *sorted(roles.items()))

    def apply(book: JobBook) -> JobBook:
        job = seen(book.job(job_id), by)
        if job.has_done(once):
            return book
        mine = _untouched(job, roles, version)
        # After the book was read: whoever is sick by then is seen to be (`roster.sick`).
        insisted = check(mine, job, now(), book, business, insist=insist)
        crew = {role: mine.get(role, getattr(job.crew, role)) for role in ROLES}
        why = INSISTED if insisted else ""
        assigned = job.assigned(Crew(**crew), by=by.name, at=at, reason=why)
        return book if assigned is job else book.changed(assigned.keyed(once, at), at)

    return apply


@Action
def edit(
    business: Business,
    job_id: str,
    fields: Mapping[str, Any],
    *,
    by: Actor,
    version: int | None = None,
    insist: bool = False,
    silent: bool = False,
    texts: str | None = None,
    key: str = "",
) -> Change:
    """Change editable fields as seen at `version`; a `silent` one is told to nobody. `texts`
    are the words in which they agreed to text messages, empty where they take it back.

    Raises JobConflict where others did too, InvalidInput for a `version` that never was,
    WindowFull where there is no room for it (with `insist`, it goes there all the same).
    """

    def apply(job: Job, at: datetime, book: JobBook) -> Job:
        mine, edited = _untouched(job, fields, version), job
        if texts is not None:
            edited = with_consent(job, Channel.SMS, texts, by=by.name, at=at)
        edited = edited.edited(mine, by=by.name, at=at)  # last: it is what may be silent
        if silent and edited is not job:
            edited = edited.last_happened(silent=True)
        insisted = _fits(edited, job, book, business, at, insist=insist)
        return _insisted(edited) if insisted else edited

    given = sorted((name, plain(value)) for name, value in fields.items())
    given += [] if texts is None else [("sms", bool(texts))]
    return changing(job_id, by, apply, once_for(key, by, "edit", *given))


@Action
def place(
    business: Business,
    job_id: str,
    window: Window,
    driver: str | None,
    *,
    by: Actor,
    version: int | None = None,
    insist: bool = False,
    key: str = "",
    roster: Callable[[], Roster] | None = None,
) -> Change:
    """Into that window and with that driver (None: nobody), both or neither. Raises as `edit` and
    `assign` do; whoever drives it already has to be free in the new window, too.
    """
    now = roster or partial(wiring.roster(business).refreshed, at_once=True)
    how: dict[str, Any] = {"by": by, "version": version, "insist": insist, "key": key}
    moved = edit.change(business, job_id, {"window": window}, **how)
    given = assign.change(business, job_id, {"driver": driver}, **how, roster=now)

    def apply(book: JobBook) -> JobBook:
        before, book = book.job(job_id), given(moved(book))
        job = book.job(job_id)
        if job.window == before.window or job.crew.driver != before.crew.driver:
            return book
        driven = {"driver": job.crew.driver}
        insisted = check(driven, job, now(), book, business, insist=insist)
        return book.put(_insisted(job)) if insisted else book

    return apply


@Action
def note(
    business: Business,
    job_id: str,
    text: str,
    *,
    by: Actor,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return job.noted(text, by=by.name, at=at)

    return changing(job_id, by, apply, once_for(key, by, "note", text), ago)


@Action
def set_eta(
    business: Business,
    job_id: str,
    eta: datetime | None,
    *,
    by: Actor,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """Raises IllegalMove unless the job is booked or ready."""

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        _still_to_come(job)
        return job.expected_at(eta, by=by.name, at=at)

    return changing(job_id, by, apply, once_for(key, by, "eta", eta), ago)


@Action
def on_my_way(
    business: Business,
    job_id: str,
    *,
    by: Actor,
    minutes: int | None = None,
    eta: datetime | None = None,
    key: str = "",
    ago: timedelta = NO_TIME,
) -> Change:
    """With when they will be there: in so many minutes, or at `eta`. Raises IllegalMove unless the
    job is booked or ready.
    """

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        _still_to_come(job)
        there = eta if minutes is None else at + timedelta(minutes=minutes)
        way = job.on_the_way(by=by.name, at=at)
        return way.expected_at(there, by=by.name, at=at) if there else way

    return changing(job_id, by, apply, once_for(key, by, "on_my_way", minutes, eta), ago)


@Action
def renew_link(
    business: Business, job_id: str, *, by: Actor, revoke: bool = False, key: str = ""
) -> Change:
    """A new tracking link, or none. The old one stops working: everywhere within two seconds
    while the storage can be read, and within ten minutes where it cannot.
    """
    token = "" if revoke else wiring.new_token()
    what = "link_revoked" if revoke else "link_renewed"

    def apply(job: Job, at: datetime, _: JobBook) -> Job:
        return job.happened(Event(at=at, by=by.name, what=what), tracking_token=token)

    return changing(job_id, by, apply, once_for(key, by, what))


def discard(business: Business, job_ids: Set[str]) -> tuple[int, int]:
    """Take junk requests out of the book for good, taken back or not; only such as nobody has
    touched but their senders.

    How many those were, and the revision without them.
    """
    junk: set[str] = set()

    def apply(book: JobBook) -> JobBook:
        junk.clear()
        junk.update(job_ids & {job.id for job in book.untouched})
        return book.without(junk)

    book = wiring.jobs(business).change(apply)
    return len(junk), book.revision


def _fits(
    job: Job,
    before: Job | None,
    book: JobBook,
    business: Business,
    at: datetime,
    *,
    insist: bool = False,
) -> bool:
    """True where only insisting made it fit. Raises WindowFull. Who is free is as the roster said
    at most two seconds ago: whoever falls sick in between is seen to be.
    """
    roster = wiring.roster(business).read()
    return schedule.check(job, before, roster, book, business, at, insist=insist)


def _insisted(job: Job) -> Job:
    """With what last happened to it said to be insisted on, behind the reason that it has."""
    reasons = dict.fromkeys(str(each) for each in (job.history[-1].reason, INSISTED) if each)
    return job.last_happened(reason=": ".join(reasons))


def _still_at(expected: Status | None, job: Job) -> None:
    """Raises JobConflict where somebody saw it at another status."""
    if expected and job.status is not expected:
        raise JobConflict(job)


def _still_to_come(job: Job) -> None:
    """Raises IllegalMove where the customer would read nothing of it."""
    if not job.still_coming:
        raise IllegalMove(Illegal.NOT_CONFIRMED, job.status, job.status)


def _untouched(job: Job, fields: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """Those of `fields` that this person changed, none of which anybody else has since."""
    if version is not None and not 1 <= version <= job.version:
        sentence = _(
            "This job never had a version %(asked)d; it is at %(now)d. Look at it again.",
            asked=version,
            now=job.version,
        )
        raise InvalidInput({"version": sentence})
    mine = {}
    for name, value in fields.items():
        wanted, now = plain(value), plain(job.field(name))
        seen = now if version is None else job.as_of(version, name)
        if wanted in (now, seen):
            continue
        if now != seen:
            raise JobConflict(job, name)
        mine[name] = value
    return mine


def _request(key: str, by: str, fields: Mapping[str, Any], source: str) -> Request:
    name = sha256(f"{by} {key}".encode()).hexdigest()[:32]
    given = sorted((field, value) for field, value in fields.items() if value is not UNSET)
    digest = sha256(JSON.encode(given)).hexdigest()[:32]
    return Request(key=name, digest=digest, source=source)
