"""What protects the people whose data this is; SECURITY.md names these tests line by line."""

import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils.module_loading import import_string

import dispatch.jobs
from dispatch import wiring
from dispatch.accounts import BoundedArgon2
from dispatch.domain import jobbook
from dispatch.domain.job import CUSTOMER
from dispatch.domain.permissions import THE_CUSTOMER
from dispatch.domain.status import Status
from dispatch.http import REVISION_COOKIE
from dispatch.stores.repository import JobRepository, RosterRepository
from qdn_site import gunicorn
from qdn_site import settings as shipped
from tests.making import BUSINESS, DANA, PASSWORD, TOKEN, FakeClock, make_job, make_member
from tests.serving import PRODUCTION, ROOT, settings_for
from tests.web.pages import words

PUBLIC = ("/", "/book/", "/nowhere", f"/track/{TOKEN}", "/track/unknown", "/dashboard/login/")


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
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        assert not inline.search(path.read_text()), path


def test_passwords_are_hashed_by_argon2() -> None:
    (hasher,) = map(import_string, shipped.PASSWORD_HASHERS)
    assert hasher().algorithm == "argon2"


def test_no_more_than_two_passwords_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, counts, both = list[str](), list[int](), threading.Barrier(2, timeout=60)

    def slow(self: object, password: str, salt: str) -> str:
        under_way.append(password)
        both.wait()
        counts.append(len(under_way))
        both.wait()
        under_way.remove(password)
        return password

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slow)
    with ThreadPoolExecutor(8) as pool:
        hashed = list(pool.map(lambda name: BoundedArgon2().encode(name, "salt"), "abcdefgh"))
    assert hashed == list("abcdefgh")
    assert counts == [2] * 8


HASHING = """
from gevent import monkey; monkey.patch_all()
import django, gevent, os
django.setup()
from django.contrib.auth.hashers import Argon2PasswordHasher
from dispatch.accounts import BoundedArgon2
end, start = os.pipe()
Argon2PasswordHasher.encode = lambda self, password, salt: os.read(end, 1)  # blocks its thread
hashing = gevent.spawn(BoundedArgon2().encode, "password", "salt")
gevent.sleep(0)
os.write(start, b"x")
assert hashing.get() == b"x"
"""


def test_while_a_password_is_hashed_other_greenlets_go_on() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run(
        [sys.executable, "-c", HASHING], cwd=ROOT, env=environment, check=True, timeout=60
    )


def test_the_crews_cookies_are_no_scripts_and_no_other_sites(dana: Client) -> None:
    dana.get("/dashboard/")
    assert dana.cookies.keys() >= {"sessionid", "csrftoken"}
    for cookie in dana.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_a_link_is_as_good_as_the_comparison_in_constant_time_says(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    assert client.get(f"/track/{TOKEN}").status_code == 200
    monkeypatch.setattr(jobbook, "compare_digest", lambda *tokens: False)
    assert client.get(f"/track/{TOKEN}").status_code == 404


def test_production_settings_pass_djangos_deployment_check_in_silence() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=os.environ | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "qdn_site.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


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
    with override_settings(ORIGIN_SECRET=secret):
        answer = Client().get(
            "/",
            headers={
                "X-Origin-Verify": secret,
                "CloudFront-Viewer-Address": "203.0.113.9:4711",
                "CloudFront-Forwarded-Proto": "https",
            },
        )
    assert answer.wsgi_request.client_ip == ip
    assert answer.wsgi_request.is_secure() == bool(secret)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://testserver"}, 303),
        ({}, 303),
    ],
)
def test_a_customers_buttons_work_from_our_own_pages_alone(
    headers: dict[str, str], status: int, jobs: JobRepository, client: Client
) -> None:
    jobs.change(lambda book: book.put(make_job()))
    assert client.post(f"/track/{TOKEN}/ready", headers=headers).status_code == status


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
    roster: object, client: Client
) -> None:
    for name in ("joel", "nobody"):
        form = {"username": name, "password": "wrong"}
        answers = [client.post("/dashboard/login/", form).status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]
    refused = client.post("/dashboard/login/", {"username": "joel", "password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300


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


def test_the_throttle_opens_again(roster: object, client: Client, clock: FakeClock) -> None:
    for _ in range(11):
        client.post("/dashboard/login/", {"username": "joel", "password": "wrong"})
    clock.tick(300)
    form = {"username": "joel", "password": PASSWORD}
    assert client.post("/dashboard/login/", form).status_code == 302


def test_guessing_at_links_is_throttled(client: Client) -> None:
    answers = [client.get(f"/track/{n:020}").status_code for n in range(61)]
    assert answers == [404] * 60 + [429]


def book(client: Client, name: str, address: str) -> int:
    day = BUSINESS.bookable(wiring.now())[0]
    form = {
        "customer_name": name,
        "phone": "6195550142",
        "location": "1 Elm St",
        "load": "half",
        "date": day.date.isoformat(),
        "window": day.name,
        "key": name,
    }
    return client.post("/book/", form, REMOTE_ADDR=address).status_code


def test_a_flood_of_requests_neither_fills_the_book_nor_hides_the_others(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    assert book(client, "Mark", "198.51.100.1") == 303
    flood = [book(client, f"junk {n}", f"203.0.113.{n % 3}") for n in range(200)]
    assert flood.count(303) == 3 * dispatch.jobs.MAX_OF_ONE_SENDER
    assert 429 in flood
    assert book(client, "Nancy", "198.51.100.2") == 303
    board = dana.get("/dashboard/").content.decode()
    assert board.index(">Mark<") < board.index(">Nancy<") < board.index(">junk 0<")
    assert "/dashboard/requests/" in board


def request(name: str, source: str) -> dispatch.jobs.Done:
    """A customer's request as the booking page makes it, without its throttle."""
    fields = {"customer_name": name, "location": "1 Elm St"}
    status = Status.PENDING
    return dispatch.jobs.create(
        BUSINESS, fields, status=status, by=CUSTOMER, key=name, source=source
    )


@pytest.mark.parametrize("senders", [1, 6])
def test_ten_thousand_junk_requests_of_few_senders_shut_nobody_out(
    senders: int, jobs: JobRepository, dana: Client
) -> None:
    request("Mark", "mark")
    refused = 0
    for n in range(10_000):
        try:
            request(f"junk {n}", f"sender {n % senders}")
        except dispatch.jobs.TooManyRequests:
            refused += 1
    request("Nancy", "nancy")
    assert refused == 10_000 - senders * dispatch.jobs.MAX_OF_ONE_SENDER
    assert len(jobs.read().encode()) < 100_000
    board = dana.get("/dashboard/").content.decode()
    assert board.index(">Mark<") < board.index(">Nancy<") < board.index(">junk 0<")


def test_however_many_send_the_book_stays_small(jobs: JobRepository) -> None:
    for n in range(dispatch.jobs.MAX_REQUESTS):
        request(f"junk {n}", f"sender {n}")
    with pytest.raises(dispatch.jobs.TooManyRequests):
        request("Mark", "mark")
    assert len(jobs.read().jobs) == dispatch.jobs.MAX_REQUESTS


@pytest.mark.parametrize("to", [Status.READY_FOR_PICKUP, Status.CANCELLED])
def test_pressing_buttons_makes_no_room_for_more_junk(to: Status, clock: FakeClock) -> None:
    for n in range(dispatch.jobs.MAX_OF_ONE_SENDER):
        job = request(f"junk {n}", "sender").job
        dispatch.jobs.move(BUSINESS, job.id, to, by=THE_CUSTOMER)
    with pytest.raises(dispatch.jobs.TooManyRequests):
        request("junk", "sender")
    if to is Status.CANCELLED:
        clock.tick(24 * 3600)
        request("a customer after all", "sender")


def test_whose_requests_are_looked_at_may_send_more(jobs: JobRepository) -> None:
    for n in range(dispatch.jobs.MAX_OF_ONE_SENDER):
        last = request(f"an office {n}", "sender").job
    dispatch.jobs.move(BUSINESS, last.id, Status.BOOKED, by=DANA)
    request("an office", "sender")


def test_as_many_as_can_wait_are_discarded_in_one_go(jobs: JobRepository, dana: Client) -> None:
    made = [request(f"junk {n}", f"sender {n // 10}") for n in range(dispatch.jobs.MAX_REQUESTS)]
    page = dana.get("/dashboard/requests/").content.decode()
    assert page.count('name="job"') == dispatch.jobs.MAX_REQUESTS
    answer = dana.post("/dashboard/requests/", {"job": [done.job.id for done in made]})
    assert answer.status_code == 303
    assert not jobs.read().jobs
    form = urlencode({"csrfmiddlewaretoken": "x" * 64, "job": [done.job.id for done in made]}, True)
    assert len(form) < settings.MOST_BODY


def test_junk_is_discarded_by_sender_and_nothing_else_is(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    book(client, "Mark", "198.51.100.1")
    for n in range(9):
        book(client, f"junk {n}", "203.0.113.7")
    dispatch.jobs.move(BUSINESS, jobs.read().jobs[0].id, Status.BOOKED, by=DANA)
    page = dana.get("/dashboard/requests/").content.decode()
    assert "9 requests from one sender" in page
    answer = dana.post("/dashboard/requests/", {"job": [job.id for job in jobs.read().jobs]})
    assert [job.customer_name for job in jobs.read().jobs] == ["Mark"]
    assert answer.cookies[REVISION_COOKIE].value.startswith(f"{jobs.read().revision}:")


def test_a_request_with_a_note_of_the_crew_is_no_junk(dana: Client, jobs: JobRepository) -> None:
    done = request("Mark", "one sender")
    dana.post(f"/dashboard/jobs/{done.job.id}/notes", {"text": "Called back: Tuesday is fine."})
    assert done.job.id not in dana.get("/dashboard/requests/").content.decode()
    dana.post("/dashboard/requests/", {"job": [done.job.id]})
    assert [job.id for job in jobs.read().jobs] == [done.job.id]


def test_only_dispatchers_discard(joel: Client) -> None:
    assert joel.post("/dashboard/requests/", {"job": ["x"]}).status_code == 403


def test_guessing_at_links_through_the_api_is_throttled_by_the_same_count(client: Client) -> None:
    for n in range(60):
        client.get(f"/track/{n:020}")
    answer = client.post("/api/track", {"token": TOKEN}, content_type="application/json")
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0


def test_the_api_is_throttled_for_each_source(client: Client) -> None:
    answers = [client.get("/api/jobs").status_code for _ in range(601)]
    assert answers == [401] * 600 + [429]
