"""What the board has to know of each job at a moment. It is worked out anew only for jobs that have
changed, for those that share a driver's window with one that has, and where time changes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import compress
from operator import is_not
from typing import Any, NamedTuple

from dispatch.domain.attention import Need, Why, by_the_clock, with_others
from dispatch.domain.availability import Overfull, Slot, overfull_in, slot_of
from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, Job
from dispatch.domain.jobbook import MAX_OF_ONE_SENDER, JobBook, is_sent_lately
from dispatch.domain.moves import coming
from dispatch.domain.roster import Roster
from dispatch.domain.stored.ledger import Entry

SECOND = timedelta(seconds=1)
FAR = date.max
Jobs = dict[str, Job]  # by id
Slots = dict[Slot, tuple[Job, ...]]  # the open jobs of each driver's window
Order = tuple[Any, ...]  # a sort key


class Facts(NamedTuple):
    """Of one job. Before `until` they change only with it, or with another job of its driver's."""

    job: Job
    until: datetime
    needs: tuple[Need, ...] = ()
    came_back: bool = False
    is_on_the_way: bool = False
    is_booking: bool = False  # a customer's, which nobody has moved yet
    sender: str = ""  # of a request that was sent lately, where it is known whose


FactsById = Mapping[str, Facts]


@dataclass(frozen=True)
class Known:
    """The facts of all jobs in a book, on one day of the business. They were worked out at `since`,
    and the time alone changes none of them before `until`.
    """

    business: Business
    roster: Roster
    book: JobBook
    today: date
    midnight: datetime  # the next
    since: datetime
    until: datetime
    facts: dict[str, Facts]
    slots: Slots
    full: dict[str, int]  # by the id of a job that is one too many: the places taken of its slot
    sent: dict[str, int]  # how many requests each sender has sent lately

    @classmethod
    def of(cls, business: Business, roster: Roster, book: JobBook, at: datetime) -> "Known":
        today = business.today(at)
        midnight = business.days(today, today)[1]
        nothing = cls(business, roster, JobBook(), today, midnight, at, midnight, {}, {}, {}, {})
        return nothing._with(book, at)

    def next(self, business: Business, roster: Roster, book: JobBook, at: datetime) -> "Known":
        """Itself, where all is as it was."""
        is_same = business is self.business and roster is self.roster
        if not (is_same and self.since <= at < self.midnight):
            return self.of(business, roster, book, at)
        return self if book is self.book and at < self.until else self._with(book, at)

    @cached_property
    def floods(self) -> frozenset[str]:
        """The senders of as many requests as one may send: likely junk."""
        return frozenset(mark for mark, count in self.sent.items() if count >= MAX_OF_ONE_SENDER)

    def due(self, facts: Facts) -> Order:
        """The sort key of jobs in the order of their windows; first come those that came back, and
        last those of a sender who floods us.
        """
        job, is_flood = facts.job, facts.job.sender in self.floods
        day, start = (job.window.date, job.window.start) if job.window else (FAR, "")
        return (is_flood, not facts.came_back, day, start, job.created_at, job.id)

    def _with(self, book: JobBook, at: datetime) -> "Known":
        left, come = differing(self.book, book)
        is_time = at >= self.until
        if is_time:
            late = (each.job for each in self.facts.values() if at >= each.until)
            come = {job.id: job for job in late if book.value(job.id) is job} | come
        slots, moved = self._slots(left, come)
        facts, sent, full, anew = self.facts.copy(), self.sent.copy(), {**self.full}, {**come}
        for job_id in left:
            full.pop(job_id, None)
        for slot in moved:
            beyond = overfull_in(slots[slot], self.business)
            for job in slots[slot]:  # one may have taken another's place, or left it to them
                if beyond.get(job.id) != full.pop(job.id, None):
                    anew[job.id] = job
            full |= beyond
        for job_id in left.keys() | anew.keys():
            if before := facts.get(job_id):
                _count(sent, before.sender, -1)
            if job_id not in anew:
                del facts[job_id]
        for job_id, job in anew.items():
            facts[job_id] = self._facts(job, full, at)
            _count(sent, facts[job_id].sender, 1)
        turns = facts if is_time else anew
        until = min((facts[job_id].until for job_id in turns), default=self.midnight)
        if not is_time:
            until = min(until, self.until)
        parts = self.business, self.roster, book, self.today, self.midnight, at, until
        return Known(*parts, facts, slots, full, sent)

    def _slots(self, left: Jobs, come: Jobs) -> tuple[Slots, set[Slot]]:
        """The jobs by slot, and the slots that are not as they were."""
        slots, ids = self.slots.copy(), left.keys() | come.keys()
        moved = {slot for job in (*left.values(), *come.values()) if (slot := slot_of(job))}
        for slot in moved:
            slots[slot] = tuple(job for job in slots.get(slot, ()) if job.id not in ids)
        for job in come.values():
            if slot := slot_of(job):
                slots[slot] += (job,)
        return slots, moved

    def _facts(self, job: Job, full: Overfull, at: datetime) -> Facts:
        history, is_sent = job.history, is_sent_lately(job, at)
        timely = [*by_the_clock(job, self.business, at)]
        is_customers = history and (history[0].what, history[0].by) == ("created", CUSTOMER)
        return Facts(
            job,
            self._until(job, at, _timely(timely, is_sent)),
            with_others(timely, job, self.roster, full),
            came_back=any(need.why is Why.CAME_BACK for need in timely),
            is_on_the_way=coming(job, self.business, at)[0] is not None,
            is_booking=bool(job.status.is_open and is_customers and not job.moves),
            sender=job.sender if is_sent else "",
        )

    def _until(self, job: Job, at: datetime, now: tuple[object, ...]) -> datetime:
        """A moment before which the time alone does not change what is known of the job.

        It may come too early, at a fourth of the time that is left: then this is asked again.
        What the time changes stays so until midnight, so what is the same now and at a later moment
        of the day is the same in between.
        """
        later = self.midnight - SECOND
        while _timely(by_the_clock(job, self.business, later), is_sent_lately(job, later)) != now:
            later = at + SECOND * ((later - at) // SECOND // 4)
        return later + SECOND


def _timely(needs: Iterable[Need], is_sent: bool) -> tuple[object, ...]:
    """Of a job's facts, what the time alone can change, in a form that can be compared."""
    return (is_sent, *(need[1:] for need in needs))


def differing(before: JobBook, now: JobBook) -> tuple[Jobs, Jobs]:
    """The jobs of either book that are not, as they are there, in the other.

    What has not changed is the same object in both: thousands are compared by identity.
    """
    old, new = before.entries, now.entries
    if len(old) == len(new):
        is_other = [*map(is_not, old, new)]
        old, new = tuple(compress(old, is_other)), tuple(compress(new, is_other))
    else:
        mine, theirs = {id(entry) for entry in old}, {id(entry) for entry in new}
        old = tuple(entry for entry in old if id(entry) not in theirs)
        new = tuple(entry for entry in new if id(entry) not in mine)
    return _jobs(old), _jobs(new)


def _jobs(entries: Iterable[Entry[Job]]) -> Jobs:
    return {entry.value.id: entry.value for entry in entries if entry.value}


def _count(sent: dict[str, int], sender: str, more: int) -> None:
    if sender:
        sent[sender] = sent.get(sender, 0) + more
