"""Whatever a stored document holds that can be read can be shown, listed and written again."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dispatch.domain.job import ROLES
from dispatch.domain.jobbook import JobBook
from dispatch.domain.status import Status
from dispatch.stores.repository import RosterRepository
from tests.making import TOKEN
from tests.stores.troubled import InMemory
from tests.web.api import Program

pytestmark = pytest.mark.long

STEERING = ["619-555-0142 x7", "a\nb", "\x1b[2J", "\u202e", "7", "morning"]
texts = st.text(min_size=1, max_size=12) | st.sampled_from(STEERING)
names = st.sampled_from(["joel", "dana", "customer", "system", "nobody"]) | texts
zones = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
times = st.datetimes(datetime(1900, 1, 2), datetime(9000, 12, 30), timezones=zones)
EDGES = ["2026-05-22T12:00:00", "9000-12-31T23:59:59-12:00", "1900-01-01T00:00:00+14:00"]
moments = st.one_of(*[times.map(datetime.isoformat)] * 9, st.sampled_from(EDGES))
days = st.sampled_from(["1900-01-01", "9000-12-31", "2026-05-23", "1899-12-31"])
clocks = st.sampled_from(["08:00", "00:00", "23:59", "12:30", "1\uff12:00"])
STRINGS = ["1,250.00", "$175", "", "1e5", "1_000", "\u0663"]
cents = st.integers(0, 10**7).map(lambda cents: cents / 100)
amounts = st.one_of(cents, cents, cents.map(str), st.integers(-5, 10**5), st.sampled_from(STRINGS))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | moments | days,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
windows = st.fixed_dictionaries(
    {"date": days, "name": texts | st.just("morning"), "start": clocks, "end": clocks}
)
changed = st.sampled_from(["window", "eta", "price", "price_lines", "phone", "driver", "location"])
changes = st.dictionaries(
    changed | texts, st.tuples(anything | windows, anything | windows | moments), max_size=3
)
statuses = st.sampled_from([*Status, "done", "In Progress"])
events = st.fixed_dictionaries(
    {"at": moments, "by": names},
    optional={
        "from": statuses | st.none(),
        "to": statuses | st.none(),
        "reason": texts | st.none(),
        "what": texts | st.sampled_from(["created", "edited", "assigned", "eta"]),
        "version": st.integers(),
        "changes": changes,
    },
)
SOUND = {"id": "j1", "tracking_token": TOKEN, "customer_name": "Mark", "location": "1 Elm St"}
jobs_of_others = st.fixed_dictionaries(
    {"status": statuses},
    optional={
        "customer_name": texts,
        "location": texts,
        "phone": texts,
        "email": texts,
        "price": amounts,
        "window": windows | st.none(),
        "load": texts,
        "truck": texts,
        "price_lines": st.lists(
            st.fixed_dictionaries({"label": texts, "amount": amounts}), max_size=2
        ),
        "paid": st.fixed_dictionaries(
            {"amount": amounts, "method": texts, "at": moments, "by": names}
        ),
        "on_my_way": st.fixed_dictionaries({"at": moments, "by": names}),
        "eta": st.fixed_dictionaries({"at": moments, "said_at": moments, "by": names}),
        "crew": st.dictionaries(st.sampled_from(ROLES), names | st.none(), max_size=3),
        "notes": st.lists(
            st.fixed_dictionaries({"at": moments, "by": names, "text": texts}), max_size=2
        ),
        "history": st.lists(events, max_size=4),
        "version": st.integers(0),
        "photos": st.just([]),
        "created_at": moments,
        "updated_at": moments,
        "finished_at": moments | st.none(),
        "access_notes": texts,
        "x": anything,
    },
).map(lambda job: SOUND | job)

PAGES = ["", "board", "jobs/j1", "requests/", "crew/", "crew/joel/", "?q=mark&date=2026-05-23"]
PAGES += ["history/", "history/?q=mark&to=2000-01-01", "jobs/new?again=j1"]
LINK = f"/track/{TOKEN}"
BOOKED = {"status": "booked"}


WIDE_TWO = {"date": "2026-05-23", "name": "x", "start": "1\uff12:00", "end": "13:00"}
AT = "2026-05-22T12:00:00Z"
NO_NAME = {"at": AT, "by": "dana", "what": "edited", "changes": {"window": [{"date": "x"}, None]}}
LATE = {"at": EDGES[1], "said_at": AT, "by": "x"}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@example([SOUND | BOOKED | {"window": WIDE_TWO}])
@example([SOUND | BOOKED | {"history": [NO_NAME]}])
@example([SOUND | BOOKED | {"version": 2**70}])
@example([SOUND | BOOKED | {"eta": LATE}])
@given(st.lists(jobs_of_others, min_size=1, max_size=2))
def test_what_can_be_read_can_be_shown_and_written(
    dana: Client, joel: Client, jobs: InMemory, roster: RosterRepository, found: list[Any]
) -> None:
    cache.clear()  # links of documents that cannot be read are unknown ones, and counted
    revision = jobs.read().revision + 1
    body = json.dumps({"schema": 2, "revision": revision, "jobs": found}).encode()
    jobs.store.save(body, jobs.store.load().etag)
    jobs.restart()  # so that it looks, however many looks there were
    book = jobs.read()
    assert book.revision == revision
    for client in (dana, joel):
        for page in PAGES:
            assert client.get(f"/dashboard/{page}").status_code in (200, 403, 404), page
    for page in (LINK, f"{LINK}/live", f"{LINK}/cancel"):
        assert Client().get(page).status_code in (200, 303, 404, 422), page
    program = Program("dana")
    for call in ("jobs", "jobs?q=mark", "jobs?from=2026-05-01&to=2026-05-31", "jobs/j1"):
        assert program.get(call).status_code in (200, 404)
    for command in (["list"], ["show", "j1"], ["export"]):
        call_command("jobs", *command, stdout=io.StringIO(), stderr=io.StringIO())
    for job in book.jobs:
        at = job.updated_at
        after = book.changed(job.noted("seen", by="dana", at=at), at)
        assert JobBook.decode(after.encode()).value(job.id)
