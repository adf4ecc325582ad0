"""CSV in: a file is looked at first, and nothing is written before it was."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dispatch.domain.job import Crew
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from tests.making import NOON, FakeClock, make_job, unavailable
from tests.stores.troubled import InMemory, gone
from tests.web.pages import sent_back, text, words

PAGE = "/dashboard/import/"
THREE = (
    "Customer,Address,Date,Window,Status,Finished,Price,Driver\r\n"
    "Zoë Núñez,1 Elm St,2026-06-01,Morning,,,320,Joel\r\n"
    "Bo,2 Elm St,2026-05-01,Morning,Completed,2026-05-01 11:30,175,Ana\r\n"
    "Cy,,2026-06-01,Morning,,,,\r\n"
)


def look_at(client: Client, body: str | bytes, name: str = "jobs.csv") -> Any:
    content = body.encode() if isinstance(body, str) else body
    return client.post(PAGE, {"file": SimpleUploadedFile(name, content, "text/csv")})


def said_so(client: Client, looked: Any, **changed: str) -> Any:
    """The form of the preview, sent with its import button or with these changes."""
    sent = {name: values[0] for name, values in sent_back(looked, PAGE).items()}
    button = re.search('name="import" value="([0-9]+)"', text(looked))
    pressed = {"import": button[1]} if button and not changed else {}
    return client.post(PAGE, {**sent, **pressed, **changed})


def told(client: Client, answer: Any) -> str:
    assert answer.status_code == 303, words(answer)
    return words(client.get(answer.headers["Location"]))


def test_nothing_is_written_before_it_was_looked_at(dana: Client, jobs: JobRepository) -> None:
    looked = look_at(dana, THREE)
    assert looked.status_code == 200
    page = words(looked)
    assert "3 rows. 2 jobs would be new. 1 cannot be taken." in page
    assert "Read as UTF-8" in page
    assert "Zoë Núñez 1 Elm St Mon, Jun 1 · Morning, 8 AM–12 PM Booking Confirmed $320 Joel" in page
    assert "4 Address: Please give an address. Cy · 2026-06-01 · Morning" in page
    assert "Import 2 jobs" in page
    assert jobs.refreshed().jobs == ()
    assert "2 jobs imported. Left out: row 4." in told(dana, said_so(dana, looked))


def test_open_jobs_come_on_the_board_and_finished_ones_into_the_archive(
    dana: Client, jobs: JobRepository
) -> None:
    said_so(dana, look_at(dana, THREE))
    (job,) = jobs.refreshed().jobs
    assert (job.customer_name, job.status, job.crew) == ("Zoë Núñez", "booked", Crew("joel"))
    (event,) = job.history
    assert (event.what, event.by, event.at) == ("imported", "dana", NOON)
    assert jobs.month_names() == ["2026-05"]
    (done,) = jobs.month("2026-05").jobs
    assert (done.customer_name, done.status) == ("Bo", Status.COMPLETED)
    assert "Bo" in words(dana.get("/dashboard/history/"))
    assert "Imported" in words(dana.get(f"/dashboard/jobs/{done.id}"))


def test_what_was_finished_lately_stays_on_the_board(dana: Client, jobs: JobRepository) -> None:
    rows = "Customer,Address,Finished\nBo,1 Elm St,2026-05-21\n"
    said_so(dana, look_at(dana, rows))
    assert [job.customer_name for job in jobs.refreshed().jobs] == ["Bo"]
    assert jobs.month_names() == []


def test_the_same_file_twice_makes_no_second_jobs(
    dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    looked = look_at(dana, THREE)
    said_so(dana, looked)
    assert "0 jobs imported. 2 were here already." in told(dana, said_so(dana, looked))
    again = look_at(dana, THREE.replace("\r\n", "\n").encode("utf-16"))
    assert "0 jobs would be new. 2 are here already. 1 cannot be taken." in words(again)
    assert 'name="import"' not in text(again)
    (job,) = jobs.refreshed().jobs
    dana.post(f"/dashboard/jobs/{job.id}/move", {"status": "completed"})
    clock.tick(timedelta(days=4).total_seconds())
    jobs.change(lambda book: book.without({job.id}))  # gone for good: it may come again
    assert "1 job would be new. 1 is here already." in words(look_at(dana, THREE))


def test_ours_is_known_again_by_its_id(dana: Client, jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))
    body = b"".join(dana.get("/dashboard/export.csv?to=2026-05-31"))
    assert "1 row. 0 jobs would be new. 1 is here already." in words(look_at(dana, body))


def test_columns_are_chosen_by_hand(dana: Client, jobs: JobRepository) -> None:
    looked = look_at(dana, "Wer,Wo\nBo,1 Elm St\n")
    assert "1 cannot be taken" in words(looked)
    chosen = said_so(dana, looked, **{"column-0": "customer_name", "column-1": "location"})
    assert "1 job would be new." in words(chosen)
    assert "1 job imported." in told(dana, said_so(dana, chosen))
    assert jobs.refreshed().jobs[0].location == "1 Elm St"
    other = said_so(dana, chosen, **{"column-0": "nonsense"})
    assert other.status_code == 200
    assert "Customer’s name: Please give a name." in words(other)


def test_a_day_that_is_read_two_ways_is_asked(dana: Client, jobs: JobRepository) -> None:
    looked = look_at(dana, "Name,Address,Date\nBo,1 Elm St,07/06/2026\n")
    page = words(looked)
    assert "Which day is “07/06/2026”? Say how the days are written: both are possible." in page
    assert "July 6, 2026" in page
    assert "June 7, 2026" in page
    assert 'name="import"' not in text(looked)
    assert said_so(dana, looked).status_code == 200
    assert jobs.refreshed().jobs == ()
    answered = said_so(dana, looked, order="day-first")
    assert "Sun, Jun 7 · Morning" in words(answered)
    assert 'value="day-first"' in text(answered)
    chosen = {"order": "day-first", "import": "1"}
    assert said_so(dana, answered, **chosen | {"order": "month-first"}).status_code == 409
    assert jobs.refreshed().jobs == ()
    assert said_so(dana, answered, **chosen).status_code == 303
    (job,) = jobs.refreshed().jobs
    assert job.window
    assert f"{job.window.date}" == "2026-06-07"


def test_a_day_without_a_time_means_the_window_that_is_chosen(dana: Client) -> None:
    looked = look_at(dana, "Name,Address,Date\nBo,1 Elm St,2026-06-01\n")
    assert "Morning, 8 AM–12 PM Booking Confirmed It says no time: Morning was taken." in words(
        looked
    )
    assert "Afternoon, 12–4 PM" in words(said_so(dana, looked, window="afternoon"))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "There is nothing in that file."),
        (b"PK\x03\x04", "Save the spreadsheet as CSV"),
        (b"Name,Address\n" + b"Bo,1 Elm St\n" * 2_001, "It has 2,001 rows; 2,000 at once"),
        (b"Name,Address\nBo," + b"x" * 1024 * 1024, "It is larger than 1 MB"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_kindly(dana: Client, body: bytes, why: str) -> None:
    answer = look_at(dana, body)
    assert answer.status_code == 422
    assert why in words(answer)


def test_fifty_thousand_rows_are_told_the_command(dana: Client) -> None:
    answer = look_at(dana, "Name,Address\n" + "Bo,1 Elm St, in the middle of nowhere\n" * 50_000)
    assert answer.status_code in (413, 422)
    assert "manage.py jobs import FILE.csv" in words(answer)
    huge = look_at(dana, b"Name,Address\n" + b"x" * settings.MOST_BODIES[PAGE])
    assert huge.status_code == 413
    assert "manage.py jobs import FILE.csv" in words(huge)


def test_two_thousand_rows_come_in_one_go(
    dana: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.views.reports.spreadsheet._rendered", lambda *_: [])
    body = "Name,Address\n" + "".join(f"Bo,{number} Elm St\n" for number in range(2_000))
    looked = look_at(dana, body)
    assert "Import 2,000 jobs" in words(looked)
    assert "2,000 jobs imported." in told(dana, said_so(dana, looked))
    assert len(jobs.refreshed().jobs) == 2_000


def test_no_stranger_sends_more_than_any_form_has(client: Client, dana: Client) -> None:
    body = {"text": "x" * settings.MOST_BODY}
    assert client.post(PAGE, body).status_code == 413
    client.cookies["sessionid"] = "made-up:by:me"
    assert client.post(PAGE, body).status_code == 413
    assert dana.post(PAGE, body).status_code == 422
    assert dana.post("/dashboard/jobs/new", body).status_code == 413


def test_while_the_storage_is_out_of_reach_nothing_is_lost(
    dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    looked = look_at(dana, THREE)
    jobs.store.before_save += [gone, gone]
    answer = said_so(dana, looked)
    assert answer.status_code == 503
    assert "so we do not know yet whether this was saved" in words(answer)
    assert len(jobs.refreshed().jobs) == 1
    with unavailable(jobs):
        assert said_so(dana, answer).status_code == 503
        assert "would be new" not in words(said_so(dana, looked, order=""))
    clock.tick(5)
    # The month was written before the cable was pulled: it goes on from there.
    assert "1 job imported. 1 was here already." in told(dana, said_so(dana, looked))
    assert [job.customer_name for job in jobs.refreshed().jobs] == ["Mark", "Zoë Núñez"]
    assert [job.customer_name for job in jobs.month("2026-05").jobs] == ["Bo"]
    assert "Bo 2 Elm St" in words(dana.get("/dashboard/history/"))


def test_the_page_says_what_it_takes(dana: Client) -> None:
    page = words(dana.get(PAGE))
    assert "Jobber’s, Google Calendar’s" in page
    answer = dana.post(PAGE, {})
    assert (answer.status_code, "Choose a file first." in words(answer)) == (422, True)
