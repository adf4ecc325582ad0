"""A member's own day: what is on it, in which order, and the three taps."""

from typing import Any

from django.test import Client

from dispatch.domain.job import Crew
from tests.making import BUSINESS, NOON, make_job
from tests.web.pages import text

DAY = "/dashboard/day/"
TODAY = BUSINESS.today(NOON)


def stop(job_id: str, **fields: Any) -> Any:
    return make_job(
        **{
            "id": job_id,
            "tracking_token": f"Tk{job_id:x>30}",
            "customer_name": f"Mark {job_id}",
            "status": "booked",
            "crew": Crew(driver="joel"),
            "window": BUSINESS.windows[1].on(TODAY),
            **fields,
        }
    )


def test_the_next_stop_is_large_and_the_others_are_folded(joel: Client, jobs: Any) -> None:
    jobs.change(lambda book: book.put(stop("a"), stop("b")))
    page = text(joel.get(DAY))
    assert page.count('class="stop large') == 1
    assert page.index('id="job-a"') < page.index('id="rest"') < page.index('id="job-b"')
