"""What a phone keeps of the day, and what it sends later."""

import json
import re

from django.test import Client

from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import at_work
from tests.making import BUSINESS, FakeClock, make_job
from tests.web.pages import text

TAP = {"Accept": "application/json", "X-Requested-With": "fetch"}
DAY = "/dashboard/day/"


def test_a_tap_is_sent_with_a_token_of_the_session_that_there_is(
    roster: RosterRepository, jobs: JobRepository
) -> None:
    job = make_job(status="booked")
    jobs.change(lambda book: book.put(job))
    joel = Client(enforce_csrf_checks=True)
    assert joel.get("/dashboard/day/token", headers=TAP).status_code == 401
    joel.cookies = at_work("joel").cookies
    told = joel.get("/dashboard/day/token", headers=TAP).json()
    assert told["member"] == "joel"
    address, fields = f"/dashboard/jobs/{job.id}/notes", {"text": "Gate 4711", "key": "k1"}
    assert joel.post(address, fields, headers=TAP).status_code == 403
    answer = joel.post(address, fields, headers=TAP | {"X-CSRFToken": told["token"]})
    assert answer.json()["said"] == "Note added."


def test_the_token_is_kept_nowhere(joel: Client) -> None:
    assert joel.get("/dashboard/day/token").headers["Cache-Control"] == "no-store"


def test_the_worker_is_asked_for_anew_and_knows_its_addresses(client: Client) -> None:
    answer = client.get("/dashboard/sw.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    told, script = text(answer).splitlines()
    about = json.loads(told.removeprefix("const TOLD = ").removesuffix(";"))
    assert (about["day"], about["logout"]) == (DAY, "/dashboard/logout/")
    assert about["copy"] == "qdn-day-1"
    assert re.fullmatch(r'importScripts\("/static/dispatch/offline/worker\S*\.js"\);', script)


def test_where_there_is_no_copy_its_page_says_that_there_is_no_reception(client: Client) -> None:
    told = text(client.get("/dashboard/sw.js")).splitlines()[0]
    page = json.loads(told.removeprefix("const TOLD = ").removesuffix(";"))["page"]
    assert f"<title>No reception · {BUSINESS.name}</title>" in page


def test_the_app_is_the_day_under_the_name_of_the_business(client: Client) -> None:
    answer = client.get("/dashboard/manifest.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    app = answer.json()
    assert (app["name"], app["start_url"], app["scope"]) == (BUSINESS.name, DAY, "/dashboard/")
    assert app["display"] == "standalone"
    icons = {(icon["sizes"], icon["purpose"]) for icon in app["icons"]}
    assert icons == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}


def test_every_page_of_the_crew_names_the_app_and_no_customers_page_does(joel: Client) -> None:
    link = '<link rel="manifest" href="/dashboard/manifest.webmanifest">'
    assert link in text(joel.get("/dashboard/"))
    assert link in text(joel.get(DAY))
    assert link not in text(joel.get("/book/"))


def test_the_day_says_until_when_it_holds_and_since_when_it_is_from(
    joel: Client, clock: FakeClock
) -> None:
    page = text(joel.get(DAY))
    assert 'data-until="2026-05-23T07:00:00+00:00"' in page  # midnight in San Diego
    assert 'data-as-of="No reception: this is your day as of 12:00 PM."' in page


def test_one_signs_out_without_a_script_too(joel: Client) -> None:
    assert 'method="post" action="/dashboard/logout/"' in text(joel.get(DAY))
    assert joel.post("/dashboard/logout/").status_code == 303
    assert joel.get(DAY).status_code == 302
