"""A first walk through every page; finer tests stand beside this one."""

from django.test import Client

from dispatch.domain.status import Status
from dispatch.stores.repository import JobRepository
from tests.making import TOKEN, make_job


def test_the_public_pages_answer(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/book/").status_code == 200
    assert client.get("/healthz").json()["status"] == "ok"


def test_a_job_is_on_the_board_in_the_drawer_and_on_its_tracking_page(
    dana: Client, jobs: JobRepository
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    assert 'id="job-jXkL9m2pQ"' in dana.get("/dashboard/").content.decode()
    assert "Soderblom Ave" in dana.get("/dashboard/jobs/jXkL9m2pQ").content.decode()
    assert Status.PENDING.label in Client().get(f"/track/{TOKEN}").content.decode()
