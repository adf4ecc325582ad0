"""The order in which a driver goes from stop to stop."""

from collections.abc import Iterable

from dispatch.domain.job import Job


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
        before = [place for place, each in enumerate(ordered, 1) if _start(each) <= _start(job)]
        ordered.insert(before[-1] if before else 0, job)
    return ordered


def _start(job: Job) -> str:
    return job.window.start if job.window else ""
