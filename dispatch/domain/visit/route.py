"""The order in which a driver goes from stop to stop."""

from collections.abc import Iterable, Sequence
from datetime import date

from dispatch.domain.job import Job, JobLine


def in_driving_order(jobs: Iterable[Job]) -> list[Job]:
    """The jobs of one driver's day: as somebody has put them (`stop`); those that have come since
    stand at the end of their window, the oldest first.
    """
    every = list(jobs)
    ordered = sorted(
        (job for job in every if job.stop is not None), key=lambda job: (job.stop, job.created_at)
    )
    came_since = (job for job in every if job.stop is None)
    for job in sorted(came_since, key=lambda job: (_start(job), job.created_at)):
        place = len(ordered)
        while place and _start(ordered[place - 1]) > _start(job):
            place -= 1
        ordered.insert(place, job)
    return ordered


def is_on_day(job: JobLine, member: str, day: date) -> bool:
    """True of what is promised for that day, and whose crew the member is in."""
    return job.window is not None and job.window.date == day and member in set(job.crew)


def may_order(job: Job, member: str) -> bool:
    """True of an open stop in the member's own day. Whoever helps goes where the driver goes."""
    return job.status.is_open and job.crew.driver in (None, member)


def put_in_order(jobs: Iterable[Job], wanted: Sequence[str]) -> dict[str, int]:
    """The new `stop` of each job of a day that has another one then, by its id.

    `wanted` are ids in their new order. Those of other jobs are passed over; a job that is not
    named keeps its place, a new one at the end of its window.
    """
    now = in_driving_order(jobs)
    known = {job.id: job for job in now}
    named = {job_id: known[job_id] for job_id in wanted if job_id in known}
    in_turn = iter(named.values())
    then = [next(in_turn) if job.id in named else job for job in now]
    return {
        job.id: stop
        for stop, job in enumerate(then, 1)
        if job.stop != stop and (job.id in named or job.stop is not None)
    }


def moved(ids: Sequence[str], job_id: str, by: int) -> list[str]:
    """These ids with this one so many places later, or earlier where `by` is less than 0; as they
    are where it is not among them.
    """
    order = list(ids)
    if job_id in order:
        place = order.index(job_id)
        order.insert(max(0, place + by), order.pop(place))
    return order


def _start(job: Job) -> str:
    return job.window.start if job.window else ""
