"""Several businesses in one deployment: nothing of one is valid at, or shown by, another."""

from collections.abc import Iterator
from decimal import Decimal
from http.cookies import SimpleCookie
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from dispatch import roster, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Crew, Window
from dispatch.domain.outbox.message import Channel
from dispatch.domain.permissions import Rank
from dispatch.domain.status import Status
from dispatch.domain.typed import phones
from dispatch.outbox import links
from qdn_site.environment import hosts_of, read_businesses
from tests.conftest import HASHED
from tests.making import NOON, PASSWORD, make_job, make_member
from tests.post.carriers import Post
from tests.serving import PRODUCTION, settings_for
from tests.web.api import Program, is_problem
from tests.web.pages import text, words
from tracking.messages import outgoing

FILE = Path(__file__).parent.parent / "data" / "two-businesses.toml"
CACTUS, THISTLE = read_businesses(FILE)
HOSTS = {"cactus": ("cactus.example", "crew.cactus.example"), "thistle": ("thistle.example",) * 2}
TOKENS = {"cactus": "c" * 32, "thistle": "t" * 32}
# What only ever stands on the pages of one.
MARKS = {
    "cactus": ("Cactus", "6195550177", "555-0177", "$", "pickup", "Hot afternoon", "Saguaro"),
    "thistle": ("Thistle", "2079460123", "7946 0123", "£", "van", "After lunch", "Heather"),
}
NAMES = {"cactus": "Saguaro", "thistle": "Heather"}
BOTH = pytest.mark.parametrize(
    ("here", "there"), [(CACTUS, THISTLE), (THISTLE, CACTUS)], ids=["cactus", "thistle"]
)


def at(business: Business, *, crews: bool = False) -> Client:
    return Client(headers={"Host": HOSTS[business.slug][crews]})


def signed_in_at(business: Business, username: str = "dana") -> Client:
    client = at(business, crews=True)
    fields = {"username": username, "password": PASSWORD}
    assert client.post("/dashboard/login/", fields).status_code == 302
    return client


def with_the_cookies_of(other: Client, business: Business) -> Client:
    client = at(business, crews=True)
    client.cookies = SimpleCookie(other.cookies.output(header="", sep=";"))
    return client


def program_at(business: Business, username: str = "dana") -> Program:
    program = Program(Host=HOSTS[business.slug][1])
    program.headers["Authorization"] = f"Bearer {program.sign_in(username)}"
    return program


@pytest.fixture(autouse=True)
def two_businesses(clock: object) -> Iterator[None]:
    """With a job of the same id, and members of the same names and passwords, at each."""
    hosts = [host for each in (CACTUS, THISTLE) for host in hosts_of(each, "production")]
    with override_settings(STAGE="production", BUSINESSES=(CACTUS, THISTLE), ALLOWED_HOSTS=hosts):
        dana = make_member("dana", rank=Rank.DISPATCHER, password=HASHED)
        people = (dana, make_member("joel", password=HASHED))
        for business in (CACTUS, THISTLE):
            wiring.roster(business).change(lambda roster: roster.put(*people))
            times = {"name": business.windows[1].name, "start": "13:00", "end": "18:00"}
            job = make_job(
                customer_name=NAMES[business.slug],
                tracking_token=TOKENS[business.slug],
                status=Status.BOOKED,
                price=Decimal(99),
                load="half",
                crew=Crew(driver="joel"),
                window=Window(date=NOON.date(), **times),
            )
            wiring.jobs(business).change(lambda book, job=job: book.put(job))
        yield


PUBLIC = (
    "/",
    "/brand.svg",
    "/brand.css",
    "/book/",
    "/privacy/",
    "/lost-link/",
    "/nowhere",
    "/track/nothing-like-a-token",
    "/robots.txt",
)
CREWS = (
    *("/dashboard/", "/dashboard/board", "/dashboard/jobs/jXkL9m2pQ", "/dashboard/jobs/new"),
    *(
        "/dashboard/history/",
        "/dashboard/numbers/",
        "/dashboard/requests/",
        "/dashboard/account/",
        "/dashboard/crew/",
        "/dashboard/logout/",
    ),
    *("/dashboard/jobs/nope", "/dashboard/nope", "/dashboard/login/", "/api/docs"),
    *("/api/openapi.json", "/api/jobs", "/api/jobs/jXkL9m2pQ", "/api/nope"),
)


def strange_on(answer: Any, there: Business) -> list[str]:
    """The marks of the other business that this answer bears."""
    page = text(answer) + str(answer.headers) + answer.cookies.output()
    return [mark for mark in MARKS[there.slug] if mark.lower() in page.lower()]


# --- brand, phone, zone, currency, windows, prices ----------------------------------------


@BOTH
def test_no_page_for_customers_bears_a_mark_of_the_other(here: Business, there: Business) -> None:
    token = TOKENS[here.slug]
    live = [f"/track/{token}{part}" for part in ("", "/live", "/ready", "/cancel")]
    for path in (*PUBLIC, *live):
        answer = at(here).get(path)
        assert not [m for m in strange_on(answer, there) if m not in ("pickup", "van")], path
    assert here.name in text(at(here).get("/"))
    assert MARKS[here.slug][2] in text(at(here).get("/track/nothing-like-a-token"))
    assert MARKS[here.slug][3] in text(at(here).get(f"/track/{token}"))


@BOTH
def test_a_lost_link_is_looked_for_at_the_business_that_was_asked(
    here: Business, there: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    monkeypatch.setattr(wiring, "carriers", lambda business: post)
    for business in (here, there):
        job = make_job(email="ida@example.com", tracking_token=TOKENS[business.slug])
        wiring.jobs(business).change(lambda book, job=job: book.put(job))  # type: ignore[misc]
    assert at(here).post("/lost-link/", {"to": "ida@example.com"}).status_code == 303
    for business, sent in ((there, 0), (here, 1)):
        assert links.deliver(business, post, outgoing.composed_links, NOON) == sent
    (envelope,) = post[Channel.EMAIL].taken
    assert envelope.composed
    assert TOKENS[here.slug] in envelope.composed.text
    assert TOKENS[there.slug] not in envelope.composed.text


@BOTH
def test_no_page_of_the_crew_bears_a_mark_of_the_other(here: Business, there: Business) -> None:
    dana = signed_in_at(here)
    for path in CREWS:
        strange = strange_on(dana.get(path), there)
        assert not [mark for mark in strange if mark not in ("pickup", "van", "$")], path
    assert NAMES[here.slug] in text(dana.get("/dashboard/"))


@BOTH
def test_a_calendar_is_found_at_its_own_business_alone(here: Business, there: Business) -> None:
    secret = roster.renew_calendar(here, "joel")
    path = f"/calendar/{secret}.ics"
    assert at(there, crews=True).get(path).status_code == 404
    answer = at(here, crews=True).get(path)
    assert answer.status_code == 200
    assert NAMES[here.slug] in text(answer)
    assert not [mark for mark in strange_on(answer, there) if mark not in ("pickup", "van")]


@pytest.mark.parametrize(
    ("business", "noon", "seen", "unseen"),
    [(CACTUS, "12:00 PM", "$99", "£"), (THISTLE, "8:00 PM", "", "£99")],
)
def test_each_has_its_own_zone_and_rule_on_prices(
    business: Business, noon: str, seen: str, unseen: str
) -> None:
    assert noon in words(at(business).get(f"/track/{TOKENS[business.slug]}"))
    board = text(signed_in_at(business, "joel").get("/dashboard/"))
    assert seen in board
    assert unseen not in board


@BOTH
def test_the_form_offers_the_own_windows_and_loads(here: Business, there: Business) -> None:
    page = words(at(here).get("/book/"))
    for offer in (*here.windows, *here.loads):
        assert offer.label in page
    for offer in (*there.windows, *there.loads):
        assert offer.label not in page


def test_cards_that_are_alike_but_for_the_business_are_not_shared() -> None:
    """The memo of cards knows whose they are: here, one job stands on both boards."""
    for business in (CACTUS, THISTLE):
        wiring.jobs(business).change(lambda book: book.put(make_job(id="twin", tracking_token="")))
    assert "$600" in text(signed_in_at(CACTUS).get("/dashboard/"))
    page = text(signed_in_at(THISTLE).get("/dashboard/"))
    assert "£600" in page
    assert "$600" not in page


# --- links, sessions, tokens, keys --------------------------------------------------------


@BOTH
def test_a_link_of_one_is_unknown_at_the_other(here: Business, there: Business) -> None:
    token = TOKENS[here.slug]
    for part in ("", "/live", "/ready", "/cancel"):
        assert at(there).get(f"/track/{token}{part}").status_code == 404
    for part in ("/ready", "/cancel", "/undo"):
        assert at(there).post(f"/track/{token}{part}").status_code == 404
    program = Program(Host=HOSTS[there.slug][1])
    assert is_problem(program.post("track", {"token": token}), 404)
    assert Program(Host=HOSTS[here.slug][1]).post("track", {"token": token}).status_code == 200


@BOTH
def test_cookies_of_one_are_worth_nothing_at_the_other(here: Business, there: Business) -> None:
    """Though the name, the password and even its hash are the same."""
    dana = signed_in_at(here)
    dana.post("/dashboard/jobs/jXkL9m2pQ/notes", {"text": "dog"})
    assert {"sessionid", "seen", "messages"} <= set(dana.cookies)
    stranger = with_the_cookies_of(dana, there)
    assert stranger.get("/dashboard/board").status_code == 401
    assert is_problem(stranger.get("/api/jobs"), 401)
    assert stranger.post("/dashboard/jobs/jXkL9m2pQ/notes", {"text": "x"}).status_code == 302
    assert wiring.jobs(there).refreshed().job("jXkL9m2pQ").version == 1


@BOTH
def test_what_was_said_or_seen_at_one_is_nothing_at_the_other(
    here: Business, there: Business
) -> None:
    for _ in range(5):
        wiring.jobs(here).change(lambda book: book.put(make_job(id="x", tracking_token="")))
    dana, other = signed_in_at(here), signed_in_at(there)
    dana.post("/dashboard/jobs/jXkL9m2pQ/notes", {"text": "dog"})
    for name in ("messages", "seen"):
        other.cookies[name] = dana.cookies[name].value
    assert NAMES[here.slug] not in text(other.get("/dashboard/"))
    assert f"{NAMES[here.slug]}: Note added." in words(dana.get("/dashboard/"))
    seen = (other.cookies["seen"].value, dana.cookies["seen"].value)
    assert seen[0] != seen[1]  # the other's is none, and a new one is given


@BOTH
def test_a_token_of_one_is_refused_by_the_other(here: Business, there: Business) -> None:
    program = program_at(here)
    assert program.get("jobs").status_code == 200
    host = HOSTS[there.slug][1]
    for path in ("jobs", "jobs/jXkL9m2pQ"):
        assert is_problem(program.get(path, Host=host), 401)
    assert is_problem(program.post("jobs/jXkL9m2pQ/notes", {"text": "x"}, Host=host), 401)


@BOTH
def test_what_ends_a_session_at_one_ends_none_at_the_other(here: Business, there: Business) -> None:
    dana, other = signed_in_at(here), signed_in_at(there)
    other.cookies["sid"] = dana.cookies["sessionid"].value
    dana.post("/dashboard/logout/")
    assert other.get("/dashboard/board").status_code == 200


def test_an_idempotency_key_makes_a_job_at_each() -> None:
    new, key = {"customer_name": "Ida", "location": "High St"}, {"Idempotency-Key": "k1"}
    answers = [program_at(business).post("jobs", new, **key) for business in (CACTUS, THISTLE)]
    assert [answer.status_code for answer in answers] == [201, 201]
    one, other = (answer.json() for answer in answers)
    assert one["job_id"] != other["job_id"]
    assert one["tracking_url"].startswith("https://cactus.example/track/")
    assert other["tracking_url"].startswith("https://thistle.example/track/")


@pytest.mark.parametrize(
    ("business", "phone", "status"),
    [(CACTUS, "619 555 0142", Status.PENDING), (THISTLE, "020 7946 0958", Status.BOOKED)],
)
def test_a_booking_is_taken_by_the_own_rule(business: Business, phone: str, status: Status) -> None:
    contact = {"customer_name": "Ida", "phone": phone, "location": "High St"}
    when = {"load": "half", "date": "2026-05-26", "window": business.windows[0].name}
    answer = at(business).post("/book/", {**contact, **when})
    assert answer.status_code == 303, words(answer)
    made = wiring.jobs(business).refreshed().jobs[-1]
    assert (made.status, made.price) == (status, business.loads[0].price)
    assert made.phone == phones.read(phone, business.country)


@BOTH
def test_an_etag_of_one_is_none_at_the_other(here: Business, there: Business) -> None:
    for path in ("/dashboard/board", "/api/jobs"):
        etag = signed_in_at(here).get(path).headers["ETag"]
        answer = signed_in_at(there).get(path, headers={"If-None-Match": etag})
        assert answer.status_code == 200


@BOTH
def test_the_other_ones_pages_send_no_form_here(here: Business, there: Business) -> None:
    """Not even its crew's: their hosts are all ours, and one of them may have been broken into."""
    token = "c" * 32
    for business, origin, status in (
        (here, HOSTS[here.slug][1], 302),
        (here, HOSTS[there.slug][1], 403),
        (here, HOSTS[there.slug][0], 403),
    ):
        client = Client(enforce_csrf_checks=True, headers={"Host": HOSTS[business.slug][1]})
        client.cookies["csrftoken"] = token
        fields = {"username": "dana", "password": PASSWORD, "csrfmiddlewaretoken": token}
        sent = {"Origin": f"https://{origin}"}
        assert client.post("/dashboard/login/", fields, headers=sent).status_code == status, origin


def test_readiness_names_no_business() -> None:
    for business in (CACTUS, THISTLE):
        answer = at(business).get("/readyz")
        assert answer.status_code == 200
        said = text(answer).lower()
        assert not any(each.slug in said for each in (CACTUS, THISTLE))


# --- throttles ----------------------------------------------------------------------------


@BOTH
def test_wrong_tries_at_one_lock_nobody_out_of_the_other(here: Business, there: Business) -> None:
    fields = {"username": "dana", "password": "wrong"}
    for _ in range(11):
        signing_in = at(here, crews=True).post("/dashboard/login/", fields)
    for _ in range(61):
        guessing = at(here).get("/track/" + "g" * 32)
    assert (signing_in.status_code, guessing.status_code) == (429, 429)
    assert signed_in_at(there).get("/dashboard/board").status_code == 200
    assert at(there).get(f"/track/{TOKENS[there.slug]}").status_code == 200


# --- hosts, settings, commands ------------------------------------------------------------


def test_no_third_host_is_anybodys() -> None:
    assert Client(headers={"Host": "cactus.example.evil.test"}).get("/").status_code == 400


@BOTH
def test_who_is_on_one_roster_is_nobody_at_the_other(here: Business, there: Business) -> None:
    wiring.roster(here).change(lambda roster: roster.put(make_member("pete", password=HASHED)))
    signed_in_at(here, "pete")
    fields = {"username": "pete", "password": PASSWORD}
    assert at(there, crews=True).post("/dashboard/login/", fields).status_code == 422


def test_commands_need_to_be_told_which() -> None:
    for command in ("jobs", "crew"):
        with pytest.raises(CommandError, match="name one with --business"):
            call_command(command, "list", stdout=StringIO())
    for business, other in ((CACTUS, THISTLE), (THISTLE, CACTUS)):
        said = StringIO()
        call_command("jobs", "--business", business.slug, "list", stdout=said)
        assert NAMES[business.slug] in said.getvalue()
        assert NAMES[other.slug] not in said.getvalue()


@pytest.mark.parametrize("name", ["QDN_JOBS_URL", "QDN_CREW_URL"])
def test_without_places_apart_they_refuse_to_start(tmp_path: Path, name: str) -> None:
    env = PRODUCTION | {
        "QDN_BUSINESSES": str(FILE),
        "QDN_JOBS_URL": f"file:{tmp_path}/{{business}}",
        "QDN_CREW_URL": f"file:{tmp_path}/{{business}}",
    }
    assert len(settings_for(**env)["BUSINESSES"]) == 2
    with pytest.raises(ImproperlyConfigured, match=f"{name} needs {{business}} in it"):
        settings_for(**env | {name: f"file:{tmp_path}"})
