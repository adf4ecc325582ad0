"""The schema and the page of it."""

import re
from typing import Any

import pytest
from django.test import Client

from dispatch.domain.job import Crew
from dispatch.domain.moves import COULD_NOT
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import TOKEN, make_job
from tests.web.api import Program

CALLS = {
    ("POST", "/api/token"),
    ("GET", "/api/jobs"),
    ("POST", "/api/jobs"),
    ("GET", "/api/jobs/{job_id}"),
    ("PATCH", "/api/jobs/{job_id}"),
    ("POST", "/api/jobs/{job_id}/status"),
    ("PUT", "/api/jobs/{job_id}/crew"),
    ("POST", "/api/jobs/{job_id}/notes"),
    ("GET", "/api/crew"),
    ("POST", "/api/track"),
}


@pytest.fixture
def schema(client: Client) -> Any:
    return client.get("/api/openapi.json").json()


def operations(schema: Any) -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }


def test_the_schema_is_valid_and_names_every_call(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")
    assert operations(schema).keys() >= CALLS
    public = {call for call, each in operations(schema).items() if not each.get("security")}
    assert public == {("POST", "/api/token"), ("POST", "/api/track")}
    conflict = operations(schema)["POST", "/api/jobs"]["responses"]["409"]["description"]
    assert "idempotency key" in conflict
    assert "`insistable`" in conflict
    move = operations(schema)["POST", "/api/jobs/{job_id}/status"]["description"]
    assert all(f"`{code}" in move for code in COULD_NOT)
    pytest.importorskip("openapi_spec_validator").validate(schema)


def test_every_error_is_a_problem_and_every_body_has_an_example(schema: Any) -> None:
    for operation in operations(schema).values():
        for status, response in operation["responses"].items():
            if status == "414":  # the server's own, before the application has seen anything
                assert set(response["content"]) == {"text/html"}
            elif int(status) >= 400:
                assert set(response["content"]) == {"application/problem+json"}
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["example"]


def test_every_answer_that_may_come_is_documented_with_its_headers(schema: Any) -> None:
    for (method, _), operation in operations(schema).items():
        answers = operation["responses"]
        assert answers.keys() >= {"400", "406", "414", "422", "429", "503"}
        if method != "GET":
            assert answers.keys() >= {"411", "413", "415"}
        for status, header in (
            *(("304", "ETag"), ("401", "WWW-Authenticate")),
            *(("429", "Retry-After"), ("503", "Retry-After")),
        ):
            if status in answers:
                assert header in answers[status]["headers"]
    listing = operations(schema)["GET", "/api/jobs"]
    assert "ETag" in listing["responses"]["200"]["headers"]


def test_every_success_and_every_parameter_has_an_example(schema: Any) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    for operation in operations(schema).values():
        for each in operation.get("parameters", []):
            assert each["schema"]["examples"], each["name"]
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                shape = response["content"]["application/json"]["schema"]
                (example,) = shape["examples"]
                validator(shape | {"components": schema["components"]}).validate(example)
    listing = operations(schema)["GET", "/api/jobs"]["parameters"]
    assert "If-None-Match" in [each["name"] for each in listing]


def test_answers_fit_the_schema(schema: Any, jobs: JobRepository, roster: RosterRepository) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    jobs.change(lambda book: book.put(make_job(crew=Crew(driver="joel"), status="booked")))
    dana = Program("dana")
    answers = {
        "JobView": dana.patch("jobs/jXkL9m2pQ", {"price": 285.5}),
        "JobPage": dana.get("jobs"),
        "MadeJob": dana.post("jobs", {"customer_name": "Ann", "location": "x"}),
        "MadeNote": dana.post("jobs/jXkL9m2pQ/notes", {"text": "x"}),
        "FreeCrew": dana.get("crew?date=2026-05-23"),
        "TrackedJob": dana.post("track", {"token": TOKEN}),
        "Problem": dana.post("jobs/jXkL9m2pQ/status", {"status": "done", "expected": "pending"}),
    }
    for name, answer in answers.items():
        of_it = {"$ref": f"#/components/schemas/{name}", "components": schema["components"]}
        validator(of_it).validate(answer.json())


def test_the_page_shows_every_call_and_fetches_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    for method, path in CALLS:
        assert f"{method} {path}" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script" not in page
    assert "style=" not in page
