"""`python -m bench.year 10000 > year.json`: so many finished jobs of the last twelve months.

`manage.py jobs import year.json` and `manage.py jobs archive` make a year of work of them.
"""

import os
import sys
from collections.abc import Iterator
from datetime import timedelta

import django
from msgspec.structs import replace

from dispatch.domain.jobbook import JobBook


def jobs(count: int) -> Iterator[object]:
    from dispatch import sample, wiring
    from tests.making import BUSINESS

    now = wiring.now()
    rows = [row for row in sample.JOBS if row.status in ("completed", "cancelled")]
    for number in range(count):
        row = rows[number % len(rows)]
        at = now - timedelta(days=365 * number / count)
        job = sample.made_job(BUSINESS, row, at)
        yield replace(
            job,
            customer_name=f"{job.customer_name} {number}",
            phone=f"+1619{2_000_000 + number:07}",
            location=f"{number} {job.location}",
        )


def main(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    sys.stdout.buffer.write(JobBook().put(*jobs(count)).encode())  # type: ignore[arg-type]


if __name__ == "__main__":
    main(int(sys.argv[1]))
