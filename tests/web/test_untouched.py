"""What a control cannot hold is not edited by whoever leaves that control alone."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from msgspec.structs import replace

from dispatch.domain.job import Crew, Window
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import NOON, make_job
from tests.web.api import Program
from tests.web.pages import sent_back

ID = make_job().id
PAGE, EDIT = f"/dashboard/jobs/{ID}", f"/dashboard/jobs/{ID}/edit"
TEXTS = ("customer_name", "phone", "email", "location", "access_notes", "load", "truck")
ODD = [
    "1420 Soderblom Ave\nSan Diego, CA 92103",
    "two\r\nlines",
    "an old\rMac",
    "\nfirst and last\n",
    "  around  and   within\t",
    "\u00a0no break\u2028other line\u200b",
    "NUL\0 bell\x07 C1\x85",
    "\u202eturned",
    "\ufeffmark",
    "<b>&amp;\"'</b>",
    "619-555-0142 or 619-555-0199",
    "x" * 2_500,
    " ",
]


@pytest.mark.parametrize("value", ODD)
def test_texts_that_nobody_touched_stay_byte_for_byte(
    dana: Client, jobs: JobRepository, value: str
) -> None:
    before = make_job(**dict.fromkeys(TEXTS, value))
    jobs.change(lambda book: book.put(before))
    sent = sent_back(dana.get(PAGE), EDIT)
    answer = dana.post(EDIT, sent)
    assert answer.status_code == 303, answer.context["forms"]["edit"].errors
    assert jobs.refreshed().job(ID) == before, "nothing is in the history"
    assert dana.post(EDIT, sent | {"phone": "(619) 555-0143"}).status_code == 303
    assert dana.post(EDIT, sent | {"customer_name": "Grace"}).status_code == 303
    job = jobs.refreshed().job(ID)
    assert {getattr(job, name) for name in TEXTS if name not in ("phone", "customer_name")} == {
        value
    }
    assert [list(event.changes or ()) for event in job.history] == [["phone"], ["customer_name"]]


OTHERS: list[dict[str, Any]] = [
    {"price": Decimal("285.5")},
    {"price": Decimal("1E+3")},
    {"price": Decimal(1_000_000)},
    {"phone": "+16195550142;ext=4471"},
    {"phone": "+15550142"},
    {"window": Window(date=dt.date(1950, 1, 1), name="ni\x07ght ", start="23:00", end="02:00")},
    {"window": Window(date=dt.date(2026, 5, 23), name="morning", start="07:15", end="12:00")},
]


@pytest.mark.parametrize("fields", OTHERS)
def test_a_value_beyond_its_control_stays_as_it_is(
    dana: Client, jobs: JobRepository, fields: dict[str, Any]
) -> None:
    before = make_job(**fields)
    jobs.change(lambda book: book.put(before))
    assert dana.post(EDIT, sent_back(dana.get(PAGE), EDIT)).status_code == 303
    assert jobs.refreshed().job(ID) == before


def test_what_another_changed_since_is_not_put_back_by_a_control_that_was_left_alone(
    dana: Client, jobs: JobRepository
) -> None:
    window = Window(date=dt.date(2026, 5, 23), name="morning", start="07:15", end="12:00")
    jobs.change(lambda book: book.put(make_job(location="1 Elm St\r\nRear", window=window)))
    sent = sent_back(dana.get(PAGE), EDIT)
    theirs = {"location": "2 Elm St", "window": {"date": "2026-05-25", "name": "morning"}}
    assert Program("dana").patch(f"jobs/{ID}", theirs).status_code == 200
    assert dana.post(EDIT, sent | {"truck": "T2"}).status_code == 303
    job = jobs.refreshed().job(ID)
    assert (job.location, job.truck) == ("2 Elm St", "T2")
    assert job.window
    assert job.window.date == dt.date(2026, 5, 25)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("access_notes", "Gate\nRing", "Gate\n\nRing"),
        ("location", "1 Elm St", "1 Elm St\nRear"),
        ("location", "1 Elm St\nRear", "1 Elm St Rear"),
    ],
)
def test_an_edit_of_line_ends_alone_is_an_edit(
    dana: Client, jobs: JobRepository, name: str, before: str, after: str
) -> None:
    jobs.change(lambda book: book.put(make_job(**{name: before})))
    sent = sent_back(dana.get(PAGE), EDIT) | {name: after.replace("\n", "\r\n")}
    assert dana.post(EDIT, sent).status_code == 303
    assert getattr(jobs.refreshed().job(ID), name) == after


@pytest.mark.parametrize(
    ("path", "action"),
    [("/dashboard/crew/joel/", "/dashboard/crew/joel/"), ("/dashboard/account/", "")],
)
@pytest.mark.parametrize("value", [each for each in ODD if len(each) < 50])
def test_a_profile_that_nobody_touched_stays(
    dana: Client, joel: Client, roster: RosterRepository, path: str, action: str, value: str
) -> None:
    odd = {"name": value, "phone": value, "email": value}
    roster.change(lambda known: known.changed(replace(known.member("joel"), **odd), NOON))
    client = dana if "crew" in path else joel
    revision = roster.refreshed().revision
    answer = client.post(path, sent_back(client.get(path), action))
    assert answer.status_code == 303, answer.context["form"].errors
    assert roster.refreshed().revision == revision


@pytest.mark.parametrize("value", ["a\nb", " Joel R ", "J\0", "joel\u202e"])
def test_a_role_that_nobody_touched_stays_with_whoever_has_it(
    dana: Client, jobs: JobRepository, value: str
) -> None:
    before = make_job(status=Status.BOOKED, crew=Crew(driver=value))
    jobs.change(lambda book: book.put(before))
    assign = f"{PAGE}/assign"
    assert dana.post(assign, sent_back(dana.get(PAGE), assign)).status_code == 303
    assert jobs.refreshed().job(ID) == before
