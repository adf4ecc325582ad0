"""Without CloudFront in front, the app answers as the edge function does: the same table."""

import re
from typing import Any

import pytest
from django.test import Client

from qdn_site.edge.table import NO_SUCH_JOB, Case, cases
from qdn_site.logs import without_keys
from tests.edge.engines import BEHIND, WORDS_BEHIND, request
from tests.making import TOKEN, make_job

HOSTS = ["quickdumpnow.com", ".quickdumpnow.com"]
TABLE = cases()


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = HOSTS


def asked(event: dict[str, Any]) -> Any:
    """The app's answer to the request of an event."""
    given = event["request"]
    query = "&".join(
        f"{name}={each['value']}"
        for name, value in given["querystring"].items()
        for each in value.get("multiValue", [value])
    )
    host = given["headers"]["host"]["value"]
    return Client().generic(given["method"], given["uri"], QUERY_STRING=query, HTTP_HOST=host)


def told(cases: tuple[Case, ...], *, rewritten: bool) -> list[Case]:
    return [
        case
        for case in cases
        if "uri" in case.expected
        and (case.expected["uri"] != case.event["request"]["uri"]) == rewritten
    ]


@pytest.mark.parametrize(
    "case", [case for case in TABLE if "location" in case.expected], ids=lambda case: case.name
)
def test_old_links_lead_to_where_the_edge_sends_them(case: Case) -> None:
    answer = asked(case.event)
    assert answer.status_code == case.expected["status"]
    assert answer["Location"] == case.expected["location"]
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("case", told(TABLE, rewritten=True), ids=lambda case: case.name)
def test_what_the_edge_rewrites_is_redirected_with_its_query(case: Case) -> None:
    answer = asked(case.event)
    query = answer.wsgi_request.META["QUERY_STRING"]
    assert answer.status_code == (308 if case.event["request"]["method"] == "POST" else 301)
    assert answer["Location"] == case.expected["uri"] + (f"?{query}" if query else "")


@pytest.mark.parametrize("case", told(TABLE, rewritten=False), ids=lambda case: case.name)
def test_what_the_edge_lets_pass_is_not_redirected(case: Case) -> None:
    answer = asked(case.event)
    elsewhere = answer.get("Location", "").partition("?")[0]
    assert elsewhere in ("", "/dashboard/login/")


@pytest.mark.parametrize(
    "case", [case for case in TABLE if case.expected == {"status": 404}], ids=lambda case: case.name
)
def test_what_cannot_be_a_token_is_no_job(case: Case) -> None:
    answer = asked(case.event)
    if answer.status_code == 301:  # www first, and then
        assert answer["Location"] == f"https://quickdumpnow.com{case.event['request']['uri']}"
        answer = asked(request(case.event["request"]["uri"]))
    assert answer.status_code == 404
    assert NO_SUCH_JOB in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_an_old_link_ends_at_the_job(jobs: Any) -> None:
    jobs.change(lambda book: book.put(make_job()))
    answer = Client().get(
        f"/track.html?token={TOKEN}", follow=True, headers={"host": "quickdumpnow.com"}
    )
    assert answer.status_code == 200
    assert len(answer.redirect_chain) == 1


@pytest.mark.parametrize("behind", BEHIND)
def test_a_link_copied_with_what_stood_behind_it_ends_at_the_job(jobs: Any, behind: str) -> None:
    jobs.change(lambda book: book.put(make_job()))
    answer = asked(request(f"/track/{TOKEN}{behind}"))
    assert (answer.status_code, answer["Location"]) == (301, f"/track/{TOKEN}")
    unknown = asked(request(f"/track/{'u' * 32}{behind}"))
    assert asked(request(unknown["Location"])).status_code == 404


@pytest.mark.parametrize("behind", WORDS_BEHIND)
def test_a_link_with_words_behind_it_is_none(jobs: Any, behind: str) -> None:
    jobs.change(lambda book: book.put(make_job()))
    assert asked(request(f"/track/{TOKEN}{behind}")).status_code == 404


@pytest.mark.parametrize("behind", ["_", "-", "__", "-_."])
def test_a_link_of_letters_and_digits_may_have_a_sign_of_old_links_behind(
    jobs: Any, behind: str
) -> None:
    """Only the app knows that the link with it is nobody's."""
    jobs.change(lambda book: book.put(make_job()))
    answer = Client().get(f"/track/{TOKEN}{behind}", follow=True, headers={"host": HOSTS[0]})
    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, f"/track/{TOKEN}")
    assert asked(request(f"/track/{'u' * 32}_")).status_code == 404
    assert asked(request(f"/track/{TOKEN[:-1]}_")).status_code == 404


def test_an_unknown_host_is_sent_nowhere() -> None:
    for host in ("www.elsewhere.example", "elsewhere.example"):
        answer = Client().get("/track.html", headers={"host": host})
        assert answer.status_code == 400
        assert "Location" not in answer


def test_the_crews_door_answers_without_its_slash(settings: Any) -> None:
    settings.STAGE = "production"
    answer = Client().get("/dashboard", headers={"host": "dispatch.quickdumpnow.com"})
    assert (answer.status_code, answer["Location"]) == (301, "/dashboard/")


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_no_address_of_the_table_is_logged_with_its_key(case: Case) -> None:
    asked = case.event["request"]
    values = asked["querystring"].get("token", {})
    address = f"{asked['uri']}?a=1&token={values.get('value', '')}"
    key = re.search(r"/track/([\w-]{16,})", asked["uri"])
    line = without_keys(f'"GET {address} HTTP/1.1"')
    assert not key or key[1] not in line
    assert len(values.get("value", "")) <= 4 or values["value"] not in line
