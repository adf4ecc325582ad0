"""Every page in every state that people meet: what the screenshots show and axe looks at."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from dispatch.domain.job import CUSTOMER, Crew, Eta, Event, Job, Note, OnMyWay, Request
from dispatch.domain.status import Status
from tests.browser.site import Site, book, card, open_drawer
from tests.serving import environment_of, run

JOELS = Crew(driver="joel")  # the crew see their own jobs
Go = Callable[[Page, Site], None]
ADD_JOBS = """
import django
django.setup()
from django.conf import settings
from dispatch import sample
sample.add_jobs(settings.BUSINESSES[0])
"""


@dataclass(frozen=True)
class State:
    """`go` brings a fresh page of `who` (a customer where it is empty) there."""

    name: str
    who: str
    go: Go


def a_believable_day(folder: Path, **env: str) -> None:
    """The jobs of `make run`, into the empty site of `folder`."""
    run(environment_of(folder, **env), "-c", ADD_JOBS)


def of(site: Site, status: Status, **fields: Any) -> Job:
    """A job of the day in this status, with `fields` changed."""
    job = next(job for job in site.all_jobs() if job.status is status)
    return site.change(job, **fields) if fields else job


def at(address: str) -> Go:
    def go(page: Page, site: Site) -> None:
        page.goto(address)

    return go


def show_offline(page: Page) -> None:
    page.locator("#offline").evaluate("it => { it.hidden = false }")


def open_all(page: Page) -> None:
    for details in page.locator("details").all():
        details.evaluate("it => { it.open = true }")


# --- customers ---------------------------------------------------------------------------


def book_errors(page: Page, site: Site) -> None:
    page.goto("/book/")
    page.get_by_label("Phone").fill("12")
    page.get_by_role("button", name="Request this pickup").click()
    expect(page.locator(".error").first).to_be_visible()


def book_busy(page: Page, site: Site) -> None:
    page.goto("/book/")
    page.get_by_label("Full load").check()
    page.locator("form .button.primary").evaluate("it => it.setAttribute('aria-busy', 'true')")


def booked_already(page: Page, site: Site) -> None:
    """The back button, and another name: the same key for another job."""
    book(page, "Mark Soderblom")
    page.go_back()
    page.get_by_label("Name", exact=True).fill("Martha Soderblom")
    page.get_by_role("button", name="Request this pickup").click()
    expect(page.get_by_text("already sent a booking")).to_be_visible()


def track(status: Status, page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, status).tracking_token}?r={site.revision}")


def track_offline(page: Page, site: Site) -> None:
    track(Status.BOOKED, page, site)
    show_offline(page)


def on_the_way(page: Page, site: Site) -> None:
    job = expected(site, Status.READY_FOR_PICKUP)
    page.goto(f"/track/{job.tracking_token}?r={site.revision}")


def expected(site: Site, status: Status, **fields: Any) -> Job:
    said, soon = site.now() - timedelta(minutes=4), site.now() + timedelta(minutes=25)
    way, eta = OnMyWay(at=said, by="joel"), Eta(at=soon, said_at=said, by="joel")
    return of(site, status, on_my_way=way, eta=eta, crew=JOELS, **fields)


def ask(what: str, page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.PENDING).tracking_token}/{what}")


def too_late(page: Page, site: Site) -> None:
    page.goto(f"/track/{of(site, Status.IN_PROGRESS).tracking_token}/cancel")


# --- the crew ----------------------------------------------------------------------------


def login_error(page: Page, site: Site) -> None:
    page.goto("/dashboard/login/")
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def board(page: Page, site: Site) -> None:
    page.goto(site.board)
    expect(page.locator(".card").first).to_be_visible()


def board_offline(page: Page, site: Site) -> None:
    board(page, site)
    show_offline(page)


def moved(page: Page, site: Site) -> None:
    """The toast of a move, with its undo."""
    board(page, site)
    job = of(site, Status.BOOKED)
    card(page, job).get_by_role("button", name="Ready for Pickup").click()
    expect(page.locator("#undo button")).to_be_visible()


def drawer(page: Page, site: Site) -> None:
    note = Note(at=site.now() - timedelta(minutes=50), by="ana", text="Bring the piano straps.")
    notes = {"email": "shop@example.com", "notes": (note,)}
    job = expected(site, Status.READY_FOR_PICKUP, **notes)
    page.goto(site.board)
    open_drawer(page, job)
    expect(page.locator("#drawer h2")).to_be_visible()


def drawer_wide_open(page: Page, site: Site) -> None:
    drawer(page, site)
    open_all(page)


def drawer_errors(page: Page, site: Site) -> None:
    drawer(page, site)
    form = page.locator(".edit-form")
    form.locator("summary").click()
    form.get_by_label("Phone").fill("12")
    form.get_by_label("Date").fill("2030-01-01")
    form.get_by_label("Window").select_option(index=0)
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".error").first).to_be_visible()


def drawer_page(page: Page, site: Site) -> None:
    job = expected(site, Status.READY_FOR_PICKUP)
    page.goto(f"/dashboard/jobs/{job.id}")
    open_all(page)


def somebody_was_faster(page: Page, site: Site) -> None:
    """409: the card as it is now."""
    job = of(site, Status.BOOKED)
    page.goto(site.board)
    open_drawer(page, job)
    site.change(job, status=Status.IN_PROGRESS)
    page.locator("#drawer").get_by_role("button", name="Ready for Pickup").click()
    expect(page.locator("#drawer .fresh")).to_be_visible()


def why(page: Page, site: Site) -> None:
    """A move back asks for the reason."""
    page.goto(site.board)
    card(page, of(site, Status.READY_FOR_PICKUP, crew=JOELS)).press("Shift+ArrowLeft")
    expect(page.locator("#why")).to_be_visible()


def new_job_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/jobs/new")
    page.get_by_label("Phone").fill("12")
    page.get_by_label("Date").fill("2030-01-01")
    page.locator("main form").evaluate("it => { it.noValidate = true }")
    page.get_by_role("button", name="Put it on the board").click()
    expect(page.locator(".error").first).to_be_visible()


def account_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/account/")
    page.get_by_label("New password").fill("short")
    page.locator("main form").first.evaluate("it => { it.noValidate = true }")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator(".error").first).to_be_visible()


def new_member_errors(page: Page, site: Site) -> None:
    page.goto("/dashboard/crew/new")
    page.get_by_role("button", name="Add them").click()
    expect(page.locator(".error").first).to_be_visible()


def flood(page: Page, site: Site) -> None:
    """One sender, many requests nobody has looked at."""
    many_requests(site)
    page.goto(site.board)
    expect(page.get_by_text("Somebody sends a lot")).to_be_visible()


def requests(page: Page, site: Site) -> None:
    many_requests(site)
    page.goto(f"/dashboard/requests/?r={site.revision}")
    expect(page.get_by_text("requests from one sender")).to_be_visible()


def many_requests(site: Site) -> None:
    for number in range(11):
        site.job(
            Status.PENDING,
            customer_name=f"Asdf {number}",
            location="Nowhere 1",
            history=(Event(at=site.now(), by=CUSTOMER, what="created"),),
            request=Request(key=f"junk{number}", digest="", source="one sender"),
        )


CUSTOMERS = [
    State("home", "", at("/")),
    State("book", "", at("/book/")),
    State("book-errors", "", book_errors),
    State("book-busy", "", book_busy),
    State("book-already", "", booked_already),
    *(State(f"track-{status}", "", partial(track, status)) for status in Status),
    State("track-on-the-way", "", on_the_way),
    State("track-offline", "", track_offline),
    State("track-ask-cancel", "", partial(ask, "cancel")),
    State("track-ask-ready", "", partial(ask, "ready")),
    State("track-too-late", "", too_late),
    State("track-not-found", "", at("/track/no-such-link-0000")),
    State("not-found", "", at("/nothing-here")),
    State("api-docs", "", at("/api/docs")),
]
CREW = [
    State("login", "", at("/dashboard/login/")),
    State("login-error", "", login_error),
    State("board", "dana", board),
    State("board-crew", "joel", board),
    State("board-viewer", "vic", board),
    State("board-empty", "dana", at("/dashboard/?q=nobody+at+all")),
    State("board-offline", "dana", board_offline),
    State("board-moved", "dana", moved),
    State("drawer", "dana", drawer),
    State("drawer-crew", "joel", drawer_wide_open),
    State("drawer-wide-open", "dana", drawer_wide_open),
    State("drawer-errors", "dana", drawer_errors),
    State("drawer-page", "dana", drawer_page),
    State("drawer-409", "dana", somebody_was_faster),
    State("why", "dana", why),
    State("why-crew", "joel", why),
    State("new-job", "dana", at("/dashboard/jobs/new")),
    State("new-job-errors", "dana", new_job_errors),
    State("account", "joel", at("/dashboard/account/")),
    State("account-errors", "joel", account_errors),
    State("board-flood", "dana", flood),
    State("crew", "dana", at("/dashboard/crew/")),
    State("crew-member", "dana", at("/dashboard/crew/joel/")),
    State("crew-new", "dana", at("/dashboard/crew/new")),
    State("crew-new-errors", "dana", new_member_errors),
    State("requests", "dana", requests),
    State("requests-none", "dana", at("/dashboard/requests/")),
    State("sign-out", "dana", at("/dashboard/logout/")),
    State("no-such-job", "dana", at("/dashboard/jobs/nothing00")),
    State("not-allowed", "joel", at("/dashboard/jobs/new")),
]
STATES = [*CUSTOMERS, *CREW]
