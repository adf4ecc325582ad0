"""The protections that SECURITY.md names, line by line."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils.module_loading import import_string
from gunicorn.config import Config
from msgspec.structs import replace

import dispatch.jobs
from dispatch.accounts import OneArgon2
from dispatch.domain.job import CUSTOMER, Job
from dispatch.domain.jobbook import (
    MAX_IN_A_RUSH,
    MAX_OF_ONE_SENDER,
    MAX_REQUESTS,
    MOST_REQUESTS,
    JobBook,
    TooManyRequests,
)
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.http import REVISION_COOKIE
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from qdn_site import gunicorn
from qdn_site import settings as shipped
from tests.making import BUSINESS, DANA, PASSWORD, TOKEN, FakeClock, make_job, make_member
from tests.serving import PRODUCTION, ROOT, settings_for
from tests.web.api import is_problem
from tests.web.pages import text, words

PUBLIC = (
    *("/", "/book/", "/privacy/", "/nowhere", f"/track/{TOKEN}", "/track/unknown"),
    "/dashboard/login/",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_every_answer_tells_browsers_to_trust_nothing_else(address: str, client: Client) -> None:
    headers = client.get(address).headers
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]


def test_no_template_holds_an_inline_script_style_or_handler() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    e_mail = Path(settings.BASE_DIR, "templates/tracking/messages/_email.html")  # no page of a site
    for path in {*Path(settings.BASE_DIR, "templates").rglob("*.html")} - {e_mail}:
        assert not inline.search(path.read_text()), path


def test_passwords_are_hashed_by_argon2() -> None:
    (hasher,) = map(import_string, shipped.PASSWORD_HASHERS)
    assert hasher().algorithm == "argon2"


def test_passwords_are_hashed_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, counts = list[str](), list[int]()

    def counted(self: object, password: str, salt: str) -> str:
        under_way.append(password)
        for _ in range(100):
            time.sleep(0)  # whoever may, comes in now
        counts.append(len(under_way))
        under_way.remove(password)
        return password

    monkeypatch.setattr(Argon2PasswordHasher, "encode", counted)
    with ThreadPoolExecutor(8) as pool:
        names = [f"{number}" for number in range(20)]
        assert list(pool.map(lambda name: OneArgon2().encode(name, "salt"), names)) == names
    assert counts == [1] * 20


HASHING = """
from gevent import monkey; monkey.patch_all()
import django, gevent, os
django.setup()
from django.contrib.auth.hashers import Argon2PasswordHasher
from dispatch.accounts import OneArgon2
end, start = os.pipe()
Argon2PasswordHasher.encode = lambda self, password, salt: os.read(end, 1)  # blocks its thread
hashing = gevent.spawn(OneArgon2().encode, "password", "salt")
gevent.sleep(0)
os.write(start, b"x")
assert hashing.get() == b"x"
"""


def test_while_a_password_is_hashed_other_greenlets_go_on() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run(
        [sys.executable, "-c", HASHING], cwd=ROOT, env=environment, check=True, timeout=60
    )


IN_TURNS = """
from gevent import monkey; monkey.patch_all()
import django, gevent, socket
django.setup()
from django.template import Context, Engine
from dispatch import turns
turns.A_TURN = 0  # each of them takes longer
def waiting():
    ours, theirs = socket.socketpair()
    found = gevent.spawn(ours.recv, 1)
    gevent.sleep(0)
    theirs.send(b"x")
    return found
found = waiting()
seen = [found.ready() for _ in turns.in_turns(range(4))]
assert seen == [False, True, True, True], seen
page = Engine().from_string("{% for row in rows %}{{ row }} {{ found.ready }} {% endfor %}")
shown = page.render(Context({"rows": turns.Turns([1, 2, 3]), "found": waiting()}))
assert shown == "1 False 2 True 3 True ", shown
"""


def test_in_a_long_loop_who_waits_for_a_socket_goes_on_after_each_turn() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run(
        [sys.executable, "-c", IN_TURNS], cwd=ROOT, env=environment, check=True, timeout=60
    )


def test_a_worker_finds_gunicorns_settings_as_they_are_and_at_once() -> None:
    config = Config()
    config.set("keepalive", 15)
    before = {name: getattr(config, name) for name in config.settings}
    gunicorn.post_worker_init(SimpleNamespace(cfg=config))
    assert {name: getattr(config, name) for name in config.settings} == before
    assert vars(config)["keepalive"] == 15


def test_the_crews_cookies_are_no_scripts_and_no_other_sites(dana: Client) -> None:
    dana.get("/dashboard/")
    assert dana.cookies.keys() >= {"sessionid", "csrftoken"}
    for cookie in dana.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_nothing_is_silenced_that_the_secret_makes_good() -> None:
    assert settings_for(**PRODUCTION, QDN_ORIGIN_SECRET="x")["SILENCED_SYSTEM_CHECKS"] == []
    assert settings_for(**PRODUCTION)["SILENCED_SYSTEM_CHECKS"] == ["security.W008"]


@pytest.mark.parametrize("secret", ["front-door", ""])
def test_at_production_every_answer_keeps_browsers_on_https(secret: str) -> None:
    """With the secret, all but `/healthz` is the 403 of whoever goes round CloudFront."""
    with override_settings(**settings_for(**PRODUCTION, QDN_ORIGIN_SECRET=secret)):
        call_command("check", "--deploy", "--fail-level", "WARNING")
        for path, host in (("/healthz", "x"), ("/robots.txt", "quickdumpnow.com"), ("/", "x")):
            headers = Client().get(path, headers={"Host": host}).headers
            hsts = headers["Strict-Transport-Security"]
            assert hsts == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.parametrize(
    ("stage", "secret", "warnings"),
    [("production", "", 1), ("staging", "", 1), ("production", "x", 0), ("development", "", 0)],
)
def test_without_the_secret_gunicorn_warns_whose_tries_are_counted(
    stage: str, secret: str, warnings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDN_STAGE", stage)
    monkeypatch.setenv("QDN_ORIGIN_SECRET", secret)
    server = Mock()
    gunicorn.on_starting(server)
    assert server.log.warning.call_count == warnings
    assert all("CloudFront's addresses" in str(call) for call in server.log.mock_calls)


def test_with_an_origin_secret_nobody_comes_in_past_cloudfront() -> None:
    with override_settings(ORIGIN_SECRET="front-door"):
        client = Client()
        assert client.get("/").status_code == 403
        assert client.get("/", headers={"X-Origin-Verify": "front-doorr"}).status_code == 403
        assert client.get("/", headers={"X-Origin-Verify": "front-door"}).status_code == 200
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("secret", "ip"), [("", "127.0.0.1"), ("front-door", "203.0.113.9")])
def test_the_viewers_address_is_believed_only_behind_the_secret(secret: str, ip: str) -> None:
    address = {"CloudFront-Viewer-Address": "203.0.113.9:4711"}
    headers = {"X-Origin-Verify": secret, "CloudFront-Forwarded-Proto": "https", **address}
    with override_settings(ORIGIN_SECRET=secret):
        request = Client().get("/", headers=headers).wsgi_request
    assert (request.client_ip, request.is_secure()) == (ip, bool(secret))


@pytest.mark.parametrize("path", [f"/track/{TOKEN}/ready", "/book/"])
@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://testserver"}, True),
        ({}, True),
    ],
)
def test_a_customers_buttons_work_from_our_own_pages_alone(
    path: str, headers: dict[str, str], is_ours: bool, jobs: JobRepository
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    client = Client(enforce_csrf_checks=True, headers=headers)
    assert client.post(path, a_booking("Mark")).status_code == (303 if is_ours else 403)


def test_a_revoked_link_is_refused_and_the_new_one_works(
    dana: Client, jobs: JobRepository, client: Client
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    dana.post("/dashboard/jobs/jXkL9m2pQ/link")
    token = jobs.read().job("jXkL9m2pQ").tracking_token
    assert token not in ("", TOKEN)
    assert client.get(f"/track/{TOKEN}").status_code == 404
    assert client.get(f"/track/{token}").status_code == 200
    dana.post("/dashboard/jobs/jXkL9m2pQ/link", {"revoke": "1"})
    assert client.get(f"/track/{token}").status_code == 404


def test_a_link_dies_thirty_days_after_the_job_is_done(
    jobs: JobRepository, client: Client, clock: FakeClock
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    dispatch.jobs.move(BUSINESS, "jXkL9m2pQ", Status.COMPLETED, by=DANA)
    clock.tick(30 * 24 * 3600)
    assert client.get(f"/track/{TOKEN}").status_code == 200
    clock.tick(1)
    assert client.get(f"/track/{TOKEN}").status_code == 404


def test_signing_in_is_throttled_alike_for_known_and_unknown_names(
    roster: object, client: Client, clock: FakeClock
) -> None:
    for name in ("joel", "nobody"):
        form = {"username": name, "password": "wrong"}
        answers = [client.post("/dashboard/login/", form).status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]
    form = {"username": "joel", "password": PASSWORD}
    refused = client.post("/dashboard/login/", form)
    assert refused.status_code == 429
    wait = int(refused.headers["Retry-After"])
    assert 0 < wait < 330  # a limit forgets in parts, of a tenth of its time
    clock.tick(wait)
    assert client.post("/dashboard/login/", form).status_code == 302


def guess_at_the_login(client: Client, address: str) -> Any:
    form = {"username": "joel", "password": "wrong"}
    return client.post("/dashboard/login/", form, REMOTE_ADDR=address)


def guess_by_program(client: Client, address: str) -> Any:
    form = {"username": "joel", "password": "wrong"}
    kind = "application/json"
    return client.post("/api/token", form, content_type=kind, REMOTE_ADDR=address)


def guess_at_the_account(client: Client, address: str) -> Any:
    form = {"old_password": "wrong", "new_password": "rolling-dumpster-8", "seen-phone": ""}
    return client.post("/dashboard/account/", form, REMOTE_ADDR=address)


GUESSES = (guess_at_the_login, guess_by_program, guess_at_the_account)


@pytest.mark.parametrize("guess", GUESSES, ids=lambda each: each.__name__)
def test_guesses_at_a_password_are_counted_wherever_it_is_asked_and_by_network(
    guess: Any, roster: object, joel: Client, clock: FakeClock
) -> None:
    client = joel if guess is guess_at_the_account else Client()
    clock.tick(299)  # the edge of a fixed span doubles nothing
    answers = []
    for number in range(40):
        answers.append(guess(client, f"2001:db8:0:{number:x}::1"))
        clock.tick(1)
    wrong = 401 if guess is guess_by_program else 422
    assert [answer.status_code for answer in answers] == [wrong] * 10 + [429] * 30
    for other in GUESSES:
        last = other(joel if other is guess_at_the_account else Client(), "2001:db8::1")
        assert last.status_code == 429
        assert 0 < int(last.headers["Retry-After"]) <= 300
    clock.tick(int(last.headers["Retry-After"]))
    assert guess(client, "2001:db8:0:ffff::1").status_code == wrong


class CountingHasher(MD5PasswordHasher):
    """Its work is the time that signing in takes."""

    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, *args: Any) -> str:
        self.hashed.append(password)
        return super().encode(password, *args)


@pytest.mark.parametrize("path", ["/dashboard/login/", "/api/token"])
def test_a_wrong_name_costs_and_says_as_much_as_a_wrong_password(
    path: str, roster: RosterRepository, client: Client
) -> None:
    hashed = roster.read().member("joel").password
    gone = make_member("gone", active=False, password=hashed)
    roster.change(lambda members: members.put(gone, make_member("invited", password="")))
    said = set()
    for name in ("joel", "gone", "invited", "nobody", "no\nbody", "JOEL "):
        CountingHasher.hashed.clear()
        form = {"username": name, "password": "wrong"}
        kind = {"content_type": "application/json"} if path.startswith("/api/") else {}
        with override_settings(PASSWORD_HASHERS=[f"{__name__}.CountingHasher"]):
            answer = client.post(path, form, **kind)
        said.add((answer.status_code, words(answer)))
        assert CountingHasher.hashed == ["wrong"], name
    assert len(said) == 1


def test_guessing_at_links_is_throttled(client: Client) -> None:
    answers = [client.get(f"/track/{n:020}").status_code for n in range(61)]
    assert answers == [404] * 60 + [429]
    by_program = client.post("/api/track", {"token": TOKEN}, content_type="application/json")
    assert is_problem(by_program, 429)
    assert int(by_program.headers["Retry-After"]) > 0


def test_the_api_is_throttled_by_source(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.api.auth.CALLS.most", 3)
    assert [client.get("/api/jobs").status_code for _ in range(4)] == [401] * 3 + [429]
    assert client.get("/api/jobs", REMOTE_ADDR="203.0.113.7").status_code == 401


def a_booking(name: str) -> dict[str, str]:
    contact = {"customer_name": name, "phone": "6195550142", "location": "1 Elm St", "key": name}
    return {**contact, "load": "half", "date": "2026-05-26", "window": "morning"}


ROOMY = replace(BUSINESS, jobs_per_window=1_000)


@pytest.fixture
def roomy(settings: Any) -> None:
    """Windows that no flood fills."""
    settings.BUSINESSES = (ROOMY,)


def book(client: Client, name: str, address: str) -> int:
    return client.post("/book/", a_booking(name), REMOTE_ADDR=address).status_code


@pytest.mark.long
@pytest.mark.usefixtures("roomy")
def test_a_flood_of_requests_neither_fills_the_book_nor_hides_the_others(
    client: Client, dana: Client, clock: FakeClock
) -> None:
    assert book(client, "Mark", "198.51.100.1") == 303
    clock.tick(1)  # who came in the same second stand in the order of their ids
    flood = [303] * 10 + [503] * 50 + [429]  # ten wait, sixty an hour are looked at
    for sender, tries in enumerate((61, 11, 11)):
        given = [book(client, f"junk {sender} {n}", f"203.0.113.{sender}") for n in range(tries)]
        assert given == flood[:tries]
    assert book(client, "Nancy", "198.51.100.2") == 303
    board = text(dana.get("/dashboard/"))
    assert board.index(">Mark<") < board.index(">Nancy<") < board.index(">junk 0 0<")
    assert "/dashboard/requests/" in board


def request(name: str, source: str) -> Job:
    """A customer's request as the booking page makes it, without its throttle."""
    fields = {"customer_name": name, "location": "1 Elm St"}
    asked = {"status": Status.PENDING, "by": CUSTOMER, "key": name, "source": source}
    return dispatch.jobs.create(BUSINESS, fields, **asked).job  # type: ignore[arg-type]


def test_however_many_send_the_book_stays_small_and_all_are_discarded_in_one_go(
    jobs: JobRepository, dana: Client
) -> None:
    first = request("junk", "sender")
    ids = [f"junk{number:05}" for number in range(MOST_REQUESTS)]
    many = [replace(first, id=job_id, tracking_token="") for job_id in ids]
    jobs.change(lambda book: JobBook(revision=book.revision).put(*many))
    with pytest.raises(TooManyRequests):
        request("Mark", "mark")
    assert text(dana.get("/dashboard/requests/")).count('name="job"') == len(ids)
    form = urlencode({"csrfmiddlewaretoken": "x" * 64, "job": ids}, True)
    assert len(form) < settings.MOST_BODY
    as_browsers_do = "application/x-www-form-urlencoded"
    answer = dana.post("/dashboard/requests/", form, content_type=as_browsers_do)
    assert answer.status_code == 303
    assert not jobs.read().jobs


def test_while_others_flood_us_a_senders_first_request_is_taken_and_no_second(
    jobs: JobRepository, clock: FakeClock
) -> None:
    first = request("junk", "sender")
    many = [replace(first, id=f"junk{n}", tracking_token="") for n in range(1, MAX_IN_A_RUSH)]
    jobs.change(lambda book: book.put(*many))
    request("Mark", "mark")
    with pytest.raises(TooManyRequests):
        request("Mark again", "mark")
    clock.tick(3601)
    request("Mark, when the rush is over", "mark")
    more = [replace(first, id=f"more{n}", tracking_token="") for n in range(MAX_REQUESTS)]
    jobs.change(lambda book: book.put(*more))
    request("Nancy", "nancy")
    with pytest.raises(TooManyRequests):
        request("Mark, while hundreds wait", "mark")


@pytest.mark.usefixtures("roomy")
def test_one_customers_whole_network_is_one_sender(client: Client, jobs: JobRepository) -> None:
    given = [book(client, f"junk {n}", f"2001:db8:0:{n:x}::1") for n in range(12)]
    assert given == [303] * 10 + [503] * 2
    assert book(client, "Nancy", "2001:db8:1::1") == 303


@pytest.mark.usefixtures("roomy")
def test_what_its_sender_took_back_is_discarded_too_and_never_what_a_dispatcher_touched(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    for n in range(MAX_OF_ONE_SENDER):
        book(client, f"junk {n}", "203.0.113.7")
    first, *junk = jobs.read().jobs
    dispatch.jobs.move(ROOMY, first.id, Status.BOOKED, by=DANA)
    for job in (first, *junk):
        dispatch.jobs.move(BUSINESS, job.id, Status.CANCELLED, by=THE_CUSTOMER)
    page = dana.get("/dashboard/requests/")
    assert words(page).count("cancelled by whoever sent it") == len(junk)
    dana.post("/dashboard/requests/", {"job": [job.id for job in (first, *junk)]})
    assert [job.id for job in jobs.read().jobs] == [first.id]


def test_pressing_buttons_makes_no_room_for_more_junk(clock: FakeClock) -> None:
    for n in range(MAX_OF_ONE_SENDER):
        job = request(f"junk {n}", "sender")
        dispatch.jobs.move(BUSINESS, job.id, Status.CANCELLED, by=THE_CUSTOMER)
    with pytest.raises(TooManyRequests):
        request("junk", "sender")
    clock.tick(24 * 3600)
    request("a customer after all", "sender")


def test_whose_requests_are_looked_at_may_send_more() -> None:
    for n in range(MAX_OF_ONE_SENDER):
        last = request(f"an office {n}", "sender")
    dispatch.jobs.move(BUSINESS, last.id, Status.BOOKED, by=DANA)
    request("an office", "sender")


@pytest.mark.usefixtures("roomy")
def test_junk_is_discarded_by_sender_and_nothing_else_is(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    book(client, "Mark", "198.51.100.1")
    for n in range(9):
        book(client, f"junk {n}", "203.0.113.7")
    dispatch.jobs.move(ROOMY, jobs.read().jobs[0].id, Status.BOOKED, by=DANA)
    assert "9 requests from one sender" in text(dana.get("/dashboard/requests/"))
    answer = dana.post("/dashboard/requests/", {"job": [job.id for job in jobs.read().jobs]})
    assert [job.customer_name for job in jobs.read().jobs] == ["Mark"]
    assert answer.cookies[REVISION_COOKIE].value.startswith(f"{jobs.read().revision}:")


def test_a_request_with_a_note_of_the_crew_is_no_junk(dana: Client, jobs: JobRepository) -> None:
    job = request("Mark", "one sender")
    dana.post(f"/dashboard/jobs/{job.id}/notes", {"text": "Called back: Tuesday is fine."})
    page = text(dana.get("/dashboard/requests/"))
    assert (job.id in page, job.id in page.partition('class="junk"')[2]) == (True, False)
    dana.post("/dashboard/requests/", {"job": [job.id]})
    assert [each.id for each in jobs.read().jobs] == [job.id]
