"""Calls that schemathesis makes up from the API's own schema, to the running server.

All its checks: each answer is as the schema says, what fits the schema is taken and what does not
is refused, and nobody comes in without a token that is good.
"""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from dispatch.domain.jobbook import JobBook
from dispatch.stores.file import FileStore
from tests.making import PASSWORD, make_job
from tests.serving import SECRET, another_caller, serving

pytestmark = pytest.mark.long

EXAMPLES = 4  # of each of some ten calls, in both modes, for each rank
# What may be wrong in a request that is as the schema says: what no schema can say.
BEYOND_THE_SCHEMA = {
    "listJobs": {"after", "from", "to"},  # a cursor of ours; both ends of a span of days
    "freeCrew": {"date", "from", "to"},  # days of the calendar; one, or both ends of a span
    "createJob": {
        *("phone", "email"),  # what can be dialled, what is an address
        *("load", "window", "window.date"),  # what the business has; days of the calendar
        *("price", "price_lines"),  # whole cents; the sum of the lines
        *("items", "postcode"),  # what the business has; what can be one
    },
    "editJob": {
        *("phone", "email", "load", "window", "window.date", "price", "price_lines"),  # as above
        *("items", "postcode"),
        "version",  # one that the job has had
    },
    "assignCrew": {"version"},  # one that the job has had
    "moveJob": {"status", "reason"},  # who may move it where; backwards needs a reason
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "data").mkdir()
    FileStore(folder / "data" / "jobs.json").save(JobBook().put(make_job()).encode(), None)
    with serving(folder, QDN_ORIGIN_SECRET=SECRET) as url:
        yield url


def signed_in(site: str, username: str) -> dict[str, str]:
    body = json.dumps({"username": username, "password": PASSWORD}).encode()
    headers = {"Content-Type": "application/json", **another_caller()}
    with urlopen(Request(f"{site}/api/token", body, headers)) as answer:
        return {"Authorization": f"Bearer {json.load(answer)['access']}"}


def all_checks() -> list[Callable[..., Any]]:
    load_all_checks()
    checks = {check.__name__: check for check in CHECKS.get_all()}
    assert len(checks) >= 14, "those of OpenAPI are among them"
    strict = checks["positive_data_acceptance"]

    def positive_data_acceptance(ctx: Any, response: Any, case: Any) -> bool | None:
        """Valid data may be refused for what no schema can say, and for nothing else."""
        if response.status_code == 422:
            # A line of the price is named by its place: `price_lines[0].amount`.
            wrong = {each["field"].partition("[")[0] for each in response.json()["errors"]}
            operation_id = case.operation.definition.raw["operationId"]
            if wrong <= BEYOND_THE_SCHEMA.get(operation_id, set()):
                return None
        return strict(ctx, response, case)

    return [*(checks | {"positive_data_acceptance": positive_data_acceptance}).values()]


def is_made_to_fail(case: schemathesis.Case, location: ParameterLocation) -> bool:
    component = case.meta.components.get(location) if case.meta else None
    return component is not None and component.mode.is_negative


@pytest.mark.parametrize("username", ["joel", "dana"])
def test_each_answer_is_as_the_schema_says(username: str, site: str) -> None:
    headers, checks, made = signed_in(site, username), all_checks(), count()
    schema = schemathesis.openapi.from_url(f"{site}/api/openapi.json", headers=another_caller())
    # Text that is far too long may not fit into an address: the server itself refuses that.
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "414"]
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:

            @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
            @given(case=operation.as_strategy(mode), known=st.booleans())
            def call(case: schemathesis.Case, known: bool) -> None:
                next(made)
                wrong_path = is_made_to_fail(case, ParameterLocation.PATH)
                if known and "job_id" in case.path_parameters and not wrong_path:
                    case.path_parameters["job_id"] = make_job().id
                case.call_and_validate(checks=checks, headers={**another_caller(), **headers})

            call()
    assert next(made) >= 15 * EXAMPLES
