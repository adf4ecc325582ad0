"""A form that was sent too late comes back to its sender, and to nobody else."""

import random
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from dispatch import http
from dispatch.domain.job import Event, Job
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import at_work
from tests.making import NOON, PASSWORD, make_job
from tests.web.pages import text, words

SIGN_IN, NEW = "/dashboard/login/", "/dashboard/jobs/new"
DRAWER = "/dashboard/jobs/jXkL9m2pQ"
CAME_IN = Event(at=NOON, by="customer", what="created")
OURS = {"Sec-Fetch-Site": "same-origin"}
FETCH = OURS | {"X-Requested-With": "fetch"}
FORMS: list[tuple[str, str, dict[str, str]]] = [
    (NEW, NEW, {"customer_name": "Grace Kim", "location": "6021 Waverly Ave\r\nrear"}),
    (DRAWER, f"{DRAWER}/notes", {"text": "Couch is behind\r\nthe garage"}),
    (DRAWER, f"{DRAWER}/move", {"status": "cancelled", "reason": "Moved to Reno"}),
    (DRAWER, f"{DRAWER}/edit", {"truck": "T-17"}),
    (DRAWER, f"{DRAWER}/pay", {"amount": "12.50", "method": "check"}),
    (DRAWER, f"{DRAWER}/quote", {"id": "a-new-price", "label": "Stairs", "amount": "25.50"}),
    ("/dashboard/", f"{DRAWER}/move?expected=booked", {"status": "in_progress"}),
    ("/dashboard/requests/", "/dashboard/requests/", {"job": "jXkL9m2pQ"}),
    ("/dashboard/crew/joel/", "/dashboard/crew/joel/", {"name": "Joel R.", "rank": "crew"}),
    ("/dashboard/crew/joel/", "/dashboard/crew/joel/sick", {}),
    ("/dashboard/crew/", "/dashboard/crew/joel/days?day=2026-05-28", {"set": "away"}),
    ("/dashboard/crew/new", "/dashboard/crew/new", {"username": "zoe", "name": "Zoe"}),
    ("/dashboard/account/", "/dashboard/account/", {"phone": "619 555 0177"}),
]


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED), untouched()))


def untouched() -> Job:
    """A request that nobody has looked at."""
    return make_job(id="other", tracking_token="", history=(CAME_IN,))


@pytest.fixture
def tab(roster: RosterRepository) -> Client:
    """Dana's browser; it minds its tokens, as browsers' servers do."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = at_work("dana").cookies
    return client


def fields_of(page: Any, action: str = "") -> dict[str, str]:
    """What the form (to that address) would send as it stands: all its named fields."""
    reader = Fields(action)
    reader.feed(text(page))
    return reader.found


class Fields(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__(convert_charrefs=True)
        self.action, self.found, self.inside, self.area = action, dict[str, str](), False, ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("action", "") == self.action
        if tag in ("input", "textarea") and self.inside and given.get("name"):
            value = given.get("value") or ""
            one_line = tag == "input" and given.get("type") != "hidden"
            self.found[given["name"]] = re.sub("[\r\n]", "", value) if one_line else value
            self.area = given["name"] if tag == "textarea" else ""

    def handle_endtag(self, tag: str) -> None:
        self.area = "" if tag == "textarea" else self.area

    def handle_data(self, data: str) -> None:
        if self.area:
            self.found[self.area] += data.removeprefix("\n")


def opened(tab: Client, page: str) -> dict[str, str]:
    """The token of a page, and whose it is."""
    source = text(tab.get(page))
    names = ("csrfmiddlewaretoken", "member")
    found = {name: re.search(f'name="{name}" value="([^"]*)"', source) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def signs_in(tab: Client, page: Any, who: str = "dana") -> Any:
    fields = fields_of(page, SIGN_IN) | {"username": who, "password": PASSWORD}
    return tab.post(SIGN_IN, fields, headers=OURS)


def sign_in_elsewhere(tab: Client, who: str = "dana") -> None:
    tab.post("/dashboard/logout/", opened(tab, "/dashboard/"), headers=OURS)
    signs_in(tab, tab.get(SIGN_IN), who)


def holds(page: Any, typed: dict[str, str]) -> bool:
    source = unescape(text(page)).replace("\r\n", "\n")
    return all(value.replace("\r\n", "\n") in source for value in typed.values())


@pytest.mark.parametrize(("page", "path", "typed"), FORMS)
def test_signed_out_elsewhere_a_form_comes_back_after_signing_in_and_can_be_sent(
    tab: Client, page: str, path: str, typed: dict[str, str]
) -> None:
    sent = opened(tab, page) | typed
    tab.post("/dashboard/logout/", opened(tab, "/dashboard/"), headers=OURS)
    asked = tab.post(path, sent, headers=OURS)
    assert asked.status_code == 401
    assert "Sign in again, and what you sent comes back." in words(asked)
    assert not any(value in text(asked) for value in typed.values() if len(value) > 10)
    back = signs_in(tab, asked)
    assert back.status_code == 200
    assert holds(back, typed)
    again = tab.post(path, fields_of(back, unescape(path)), headers=OURS)
    assert again.status_code in (200, 303, 422)


def test_each_line_of_a_price_comes_back(tab: Client) -> None:
    lines = {"label": ["Half load", "Stairs"], "amount": ["320", "25.50"]}
    sent: dict[str, Any] = opened(tab, DRAWER) | {"id": "a-new-price"} | lines
    sign_in_elsewhere(tab)
    back = text(tab.post(f"{DRAWER}/quote", sent, headers=OURS))
    assert {name: re.findall(f'name="{name}" value="([^"]*)"', back) for name in lines} == lines


@pytest.mark.parametrize(("page", "path", "typed"), FORMS)
def test_signed_in_again_elsewhere_a_form_comes_back_at_once(
    tab: Client, page: str, path: str, typed: dict[str, str]
) -> None:
    sent = opened(tab, page) | typed
    sign_in_elsewhere(tab)
    back = tab.post(path, sent, headers=OURS)
    assert back.status_code == 403
    assert "Not sent yet" in words(back)
    assert holds(back, typed)
    again = tab.post(path, fields_of(back, path), headers=OURS)
    assert again.status_code in (200, 303, 422)


def test_what_comes_back_is_saved_when_it_is_sent(tab: Client, jobs: JobRepository) -> None:
    typed = {"text": "Couch is behind\r\nthe garage", "key": "k1"}
    sent = opened(tab, DRAWER) | typed
    sign_in_elsewhere(tab)
    back = tab.post(f"{DRAWER}/notes", sent, headers=OURS)
    for _ in range(2):
        tab.post(f"{DRAWER}/notes", fields_of(back, f"{DRAWER}/notes"), headers=OURS)
    (note,) = jobs.read().job("jXkL9m2pQ").notes
    assert note.text == "Couch is behind\nthe garage"


@pytest.mark.parametrize("elsewhere", [True, False])
def test_what_one_member_sent_is_not_shown_to_another(tab: Client, elsewhere: bool) -> None:
    sent = opened(tab, NEW) | {"customer_name": "Grace Kim", "location": "6021 Waverly Ave"}
    if elsewhere:
        sign_in_elsewhere(tab, "joel")
        answer = tab.post(NEW, sent, headers=OURS)
        assert answer.status_code == 403
        assert "You are signed in as Joel now" in words(answer)
    else:
        tab.post("/dashboard/logout/", opened(tab, "/dashboard/"), headers=OURS)
        answer = signs_in(tab, tab.post(NEW, sent, headers=OURS), "joel")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/dashboard/")
    assert "Grace Kim" not in text(answer)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}],
)
def test_what_may_be_another_sites_is_refused_plainly(tab: Client, headers: dict[str, str]) -> None:
    fields = {"member": "dana", "customer_name": "Grace Kim", "csrfmiddlewaretoken": "x" * 64}
    answer = tab.post(NEW, fields, headers=headers)
    assert answer.status_code == 403
    assert "Grace Kim" not in text(answer)
    assert "csrfmiddlewaretoken" not in text(answer).partition("<main")[2]


def test_no_password_is_carried_or_shown(tab: Client) -> None:
    secrets = {"old_password": "an-old-secret", "new_password": "a-new-secret"}
    sent = opened(tab, "/dashboard/account/") | secrets | {"phone": "619 555 0177"}
    sign_in_elsewhere(tab)
    back = tab.post("/dashboard/account/", sent, headers=OURS)
    assert "619 555 0177" in text(back)
    assert not any(secret in text(back) for secret in secrets.values())
    assert "password" not in fields_of(back, "/dashboard/account/")


def test_a_wrong_password_and_a_sign_in_elsewhere_lose_nothing_and_half_a_day_does(
    tab: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = opened(tab, NEW) | {"customer_name": "Grace Kim"}
    tab.post("/dashboard/logout/", opened(tab, "/dashboard/"), headers=OURS)
    asked = tab.post(NEW, sent, headers=OURS)
    wrong = fields_of(asked, SIGN_IN) | {"username": "dana", "password": "wrong"}
    asked = tab.post(SIGN_IN, wrong, headers=OURS)
    assert asked.status_code == 422
    late = fields_of(asked, SIGN_IN)
    signs_in(tab, tab.get(SIGN_IN))  # in another tab
    for headers in (OURS, OURS):
        back = tab.post(SIGN_IN, late | {"username": "dana", "password": PASSWORD}, headers=headers)
        assert "Grace Kim" in text(back)
    monkeypatch.setattr(http, "UNSENT_KEPT", -1)
    again = tab.post(SIGN_IN, late, headers=OURS)
    assert "Grace Kim" not in text(again)


def test_signing_in_or_out_with_an_old_token_is_no_dead_end(tab: Client) -> None:
    old = {"csrfmiddlewaretoken": "x" * 64}
    sent = tab.post(SIGN_IN, old | {"username": "dana", "password": PASSWORD}, headers=OURS)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/dashboard/")
    sent = tab.post("/dashboard/logout/", old, headers=OURS)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/dashboard/logout/")
    tab.cookies.clear()
    sent = tab.post(SIGN_IN, {"username": "dana", "password": PASSWORD}, headers=OURS)
    assert signs_in(tab, sent).headers["Location"] == "/dashboard/"


def test_a_form_too_long_to_carry_is_still_answered(tab: Client) -> None:
    noise = "".join(
        random.Random(1).choices("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789", k=60_000)
    )
    sent = opened(tab, DRAWER) | {"text": noise}
    tab.post("/dashboard/logout/", opened(tab, "/dashboard/"), headers=OURS)
    assert tab.post(f"{DRAWER}/notes", sent, headers=OURS).status_code == 302


def test_a_script_hears_of_a_new_token_or_that_it_is_signed_out(tab: Client) -> None:
    sent = opened(tab, DRAWER) | {"text": "dog in yard"}
    sign_in_elsewhere(tab)
    answer = tab.post(f"{DRAWER}/notes", sent, headers=FETCH)
    assert answer.status_code == 403
    token = fields_of(answer, f"{DRAWER}/notes")["csrfmiddlewaretoken"]
    again = sent | {"csrfmiddlewaretoken": token}
    assert tab.post(f"{DRAWER}/notes", again, headers=FETCH).status_code == 200
    tab.post("/dashboard/logout/", opened(tab, "/dashboard/"), headers=OURS)
    for fields in (sent, again):
        assert tab.post(f"{DRAWER}/notes", fields, headers=FETCH).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/dashboard/", "/dashboard/board", DRAWER, NEW, "/dashboard/account/"),
        *("/dashboard/crew/", "/dashboard/crew/joel/", "/dashboard/requests/", SIGN_IN),
        *("/dashboard/jobs/none", "/dashboard/nowhere", "/dashboard", "/dashboard/logout/"),
    ],
)
def test_no_page_of_the_crew_is_kept_by_a_browser(dana: Client, joel: Client, path: str) -> None:
    """Nor its 304, a refusal, a redirect, or a form's answer."""
    etag = {"If-None-Match": dana.get(path).headers.get("ETag", "")}
    answers = [dana.get(path), dana.get(path, headers=etag), joel.get(path), Client().get(path)]
    answers += [dana.post(f"{DRAWER}/notes", {"text": "hello"}), dana.post(NEW, {})]
    assert all("no-store" in answer.headers["Cache-Control"] for answer in answers[2:])
    if path != "/dashboard":
        assert all("no-store" in answer.headers["Cache-Control"] for answer in answers)
