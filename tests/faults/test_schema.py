"""Calls that schemathesis makes up from the API's own schema: each answer is as that says."""

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from hypothesis import HealthCheck, given, settings

from dispatch.domain.jobbook import JobBook
from dispatch.domain.repository import JobRepository, RosterRepository
from tests.making import make_job
from tests.web.api import Program

pytestmark = pytest.mark.long

EXAMPLES = 30  # of each of some ten calls, for each of four ranks


@pytest.mark.parametrize("username", ["", "vic", "joel", "dana"])
def test_each_answer_is_as_the_schema_says(
    username: str,
    jobs: JobRepository,
    roster: RosterRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dispatch.throttle.Limit.check", lambda limit, key: None)
    headers = {**Program(username).headers, "Host": "localhost"}
    checks = [
        check
        for check in schemathesis.checks.CHECKS.get_all()
        # Not yet held: what of the made-up is taken, and the session beside the token.
        if check.__name__ not in ("ignored_auth", "positive_data_acceptance")
    ]
    with override_settings(ALLOWED_HOSTS=["localhost", "127.0.0.1"]):
        schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
        for result in schema.get_all_operations():
            operation = result.ok()

            @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
            @given(case=operation.as_strategy())
            def call(case: schemathesis.Case) -> None:
                jobs.change(lambda book: JobBook(revision=book.revision).put(make_job()))
                case.call_and_validate(checks=checks, headers=headers)

            call()
