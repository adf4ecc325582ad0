"""Every address × every rank: who may do what, and which jobs and prices each of them sees."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import URLResolver, get_resolver
from msgspec.structs import replace

from dispatch.domain.job import Crew, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import Channel
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Paid, PriceLine
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.conftest import session, signed_in
from tests.making import BUSINESS, NOON, PASSWORD, TOKEN, make_job
from tests.web.api import Program
from tests.web.pages import text, words
from tracking.unsubscribe import unsubscribe_url

MEMBERS = {"anonymous": "", "viewer": "vic", "crew": "joel", "dispatcher": "dana"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
JSON = "application/json"
FETCH = {"X-Requested-With": "fetch"}
ID = "jXkL9m2pQ"
CREDENTIALS = {"username": "joel", "password": PASSWORD}
AWAY = {"from": "2026-05-23", "set": "away"}
ANA = {"name": "Ana", "rank": "crew", "roles": "driver"}
PETE = {**ANA, "name": "Pete", "username": "pete"}
NEW = {"customer_name": "Ida", "location": "Main St", "status": "booked", "price": "175"}
LINE = {"label": "All of it", "amount": "600"}
SIGNED = unsubscribe_url(BUSINESS, Channel.EMAIL, "mark@example.com").rpartition("/")[2]
Statuses = tuple[int, int, int, int]  # of an anonymous, a viewer, one of the crew, a dispatcher


def all_get(status: int) -> Statuses:
    return (status,) * 4


@dataclass(frozen=True)
class Route:
    """The answer to each method by rank; HEAD is as GET, and what is not named is 405."""

    answers: Mapping[str, Statuses]
    body: Mapping[str, Any] = field(default_factory=dict)


def page(*statuses: int) -> Route:
    return Route({"GET": statuses})  # type: ignore[dict-item]


def action(statuses: Statuses, **body: Any) -> Route:
    """A GET of a form's address is led to the page that holds the form."""
    return Route({"GET": all_get(302), "POST": statuses}, body)


def both(looks: Statuses, does: Statuses, **body: Any) -> Route:
    return Route({"GET": looks, "POST": does}, body)


def call(method: str, statuses: Statuses, **body: Any) -> Route:
    return Route({method: statuses, "OPTIONS": all_get(204)}, body)


LOOKS, ONLY_DISPATCHER = (302, 200, 200, 200), (302, 403, 403, 200)
CREW_DO, DISPATCHER_DOES = (302, 403, 303, 303), (302, 403, 403, 303)
API_LOOKS, API_CREW_DO = (401, 200, 200, 200), (401, 403, 200, 200)

# The table. Whoever adds an address adds its row, and thereby says who may use it.
TABLE: dict[str, Route] = {
    "": page(*all_get(200)),
    "privacy/": page(*all_get(200)),
    "brand.css": page(*all_get(200)),
    "brand.svg": page(*all_get(200)),
    "favicon.ico": page(*all_get(302)),
    "robots.txt": page(*all_get(200)),
    "book/": both(all_get(200), all_get(422)),
    "lost-link/": both(all_get(200), all_get(422), to="ida@example.com"),  # no e-mail is sent
    "track/<str:token>": page(*all_get(200)),
    "track/<str:token>/again": page(*all_get(200)),
    "track/<str:token>/live": page(*all_get(200)),
    "track/<str:token>/ready": both(all_get(200), all_get(303)),
    "track/<str:token>/cancel": both(all_get(200), all_get(303)),
    "track/<str:token>/reschedule": both(all_get(200), all_get(422)),  # into no window
    "track/<str:token>/message": both(all_get(200), all_get(303), text="Is the piano fine?"),
    "track/<str:token>/receipt": page(*all_get(303)),  # of what is not done
    "track/<str:token>/calendar.ics": page(*all_get(404)),  # of no window
    "track/<str:token>/undo": both(all_get(303), all_get(303)),
    "track/<str:token>/language": both(all_get(303), all_get(303), language="es"),
    "track/<str:token>/quote": both(all_get(303), all_get(409), answer="accepted"),  # to none
    "track/<str:token>/photos/<str:photo_id>": page(*all_get(404)),  # of no photo
    "track/^(?P<rest>.*)$": both(all_get(404), all_get(404)),
    "unsubscribe/<str:signed>": both(all_get(200), all_get(200)),
    "dashboard/": page(*LOOKS),
    "dashboard/board": page(401, 200, 200, 200),
    "dashboard/login/": Route(
        {
            "GET": (200, 302, 302, 302),
            "POST": all_get(302),
            **dict.fromkeys(("PUT", "PATCH", "DELETE", "OPTIONS"), (405, 302, 302, 302)),
        },
        CREDENTIALS,
    ),
    "dashboard/logout/": both(LOOKS, (302, 303, 303, 303)),
    "dashboard/account/": both(LOOKS, (302, 303, 303, 303), phone=""),
    "dashboard/account/days": action((302, 303, 303, 303), **AWAY),
    "dashboard/account/calendar": action((302, 200, 200, 200), do="renew"),
    "dashboard/account/sign-out": action((302, 303, 303, 303)),
    "dashboard/crew/": page(*ONLY_DISPATCHER),
    "dashboard/crew/new": both(ONLY_DISPATCHER, ONLY_DISPATCHER, **PETE),
    "dashboard/crew/<str:username>/": both(ONLY_DISPATCHER, DISPATCHER_DOES, **ANA),
    "dashboard/crew/<str:username>/days": action(DISPATCHER_DOES, **AWAY),
    "dashboard/crew/<str:username>/sick": action(DISPATCHER_DOES),
    "dashboard/crew/<str:username>/access": action(DISPATCHER_DOES, do="sign-out"),
    "dashboard/crew/<str:username>/cover": both(ONLY_DISPATCHER, (302, 403, 403, 422)),  # of nobody
    "dashboard/history/": page(*LOOKS),
    "dashboard/schedule/": page(*LOOKS),
    "dashboard/schedule/place": action(
        (302, 403, 403, 303), job=f"{ID}/1", to="2026-05-25 morning joel"
    ),
    "dashboard/settings/": both(ONLY_DISPATCHER, DISPATCHER_DOES, do="close", date="2026-05-23"),
    "dashboard/numbers/": page(*ONLY_DISPATCHER),
    "dashboard/export.csv": page(*ONLY_DISPATCHER),
    "dashboard/import/": both(ONLY_DISPATCHER, (302, 403, 403, 422)),
    "dashboard/day/": page(*LOOKS),
    "dashboard/day/part": page(401, 200, 200, 200),
    "dashboard/day/order": action(CREW_DO, job=ID, by="1"),
    "dashboard/day/sheet": page(*LOOKS),
    "dashboard/day/token": page(401, 200, 200, 200),
    "dashboard/sw.js": page(*all_get(200)),
    "dashboard/manifest.webmanifest": page(*all_get(200)),
    "dashboard/jobs/sheet": page(302, 404, 404, 404),  # of no job
    "dashboard/jobs/<str:job_id>/sheet": page(*LOOKS),
    "dashboard/requests/": both(ONLY_DISPATCHER, DISPATCHER_DOES),
    "dashboard/jobs/new": both(ONLY_DISPATCHER, DISPATCHER_DOES, **NEW),
    "dashboard/jobs/several": action(
        (302, 403, 403, 200), do="assign", driver="ana", job=f"{ID}/1"
    ),
    "dashboard/jobs/<str:job_id>": page(*LOOKS),
    "dashboard/jobs/<str:job_id>/move": action(CREW_DO, status="in_progress", expected="booked"),
    "dashboard/jobs/<str:job_id>/assign": action(DISPATCHER_DOES, driver="ana"),
    "dashboard/jobs/<str:job_id>/notes": action(CREW_DO, text="Two couches"),
    "dashboard/jobs/<str:job_id>/answer": action(  # 422: to no message
        (302, 403, 403, 422), id="m1", answer="Yes, it is."
    ),
    "dashboard/jobs/<str:job_id>/eta": action(CREW_DO, eta="14:20"),
    "dashboard/jobs/<str:job_id>/position": action((302, 403, 200, 200), lat="32.7", lon="-117.1"),
    "dashboard/jobs/<str:job_id>/resume": action(DISPATCHER_DOES, channel="sms"),
    "dashboard/jobs/<str:job_id>/edit": action(
        DISPATCHER_DOES, customer_name="Mark", location="Soderblom Ave", price="600", version="1"
    ),
    "dashboard/jobs/<str:job_id>/link": action(DISPATCHER_DOES),
    "dashboard/jobs/<str:job_id>/quote": action(CREW_DO, id="a-new-price", **LINE),
    "dashboard/jobs/<str:job_id>/messages": action(DISPATCHER_DOES, id="m1"),
    "dashboard/jobs/<str:job_id>/pay": action(CREW_DO, amount="100", method="cash"),
    "dashboard/jobs/<str:job_id>/photos": action((302, 403, 422, 422), kind="before"),  # of no file
    "dashboard/jobs/<str:job_id>/photos/<str:photo_id>": page(302, 404, 404, 404),
    "calendar/<str:secret>.ics": page(*all_get(404)),
    "api/token": call("POST", all_get(200), **CREDENTIALS),
    "api/track": call("POST", all_get(200), token=TOKEN),
    "api/jobs": Route(
        {"GET": API_LOOKS, "POST": (401, 403, 403, 201), "OPTIONS": all_get(204)}, NEW
    ),
    "api/jobs/<str:job_id>": Route(
        {"GET": API_LOOKS, "PATCH": (401, 403, 403, 200), "OPTIONS": all_get(204)}, {"truck": "T1"}
    ),
    "api/jobs/<str:job_id>/status": call("POST", API_CREW_DO, status="in_progress"),
    "api/jobs/<str:job_id>/crew": call("PUT", (401, 403, 403, 200), driver="ana"),
    "api/jobs/<str:job_id>/notes": call("POST", (401, 403, 201, 201), text="Two couches"),
    "api/crew": Route(  # 422: it says of which day
        {"GET": (401, 403, 403, 422), "OPTIONS": all_get(204)}
    ),
    "api/openapi.json": page(*all_get(200)),
    "api/docs": page(*all_get(200)),
    "api/": Route(dict.fromkeys(METHODS, all_get(404))),  # and whatever else is under it
}


@pytest.mark.parametrize("rank", MEMBERS.values(), ids=MEMBERS)
def test_a_customers_link_is_shown_to_dispatchers_alone(
    rank: str, roster: RosterRepository, jobs: JobRepository
) -> None:
    """By whoever else has it a job would be cancelled in the customer's name."""
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, crew=Crew(driver="joel"))))
    client = signed_in(rank) if rank else Client()
    program = Program(rank)
    drawer = f"/dashboard/jobs/{ID}"
    pages = [client.get(path) for path in ("/dashboard/", "/dashboard/board", drawer)]
    pages += [client.get(drawer, headers=FETCH)]
    pages += [client.post(f"{drawer}/notes", {"text": "Two couches"}, headers=FETCH)]
    pages += [client.get(f"/dashboard/jobs/new?of={ID}"), client.get("/dashboard/requests/")]
    calls = [program.get("jobs"), program.get(f"jobs/{ID}")]
    calls += [program.post(f"jobs/{ID}/status", {"status": "in_progress"})]
    calls += [program.post(f"jobs/{ID}/status", {"status": "booked", "expected": "completed"})]
    said = [TOKEN in text(answer) for answer in (*pages, *calls)]
    assert any(said) == (rank == "dana"), said
    if rank:
        assert all(("tracking_token" in text(call)) == (rank == "dana") for call in calls[:2])


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        here = prefix + str(entry.pattern)
        yield from routes(entry, here) if isinstance(entry, URLResolver) else [here]


def path_of(route: str) -> str:
    known = {"token": TOKEN, "job_id": ID, "username": "ana", "signed": SIGNED}
    for part, value in known.items():
        route = route.replace(f"<str:{part}>", value)
    return "/" + re.sub(r"\^.*\$", "a/b/c/d", route)


@pytest.fixture
def put_back(jobs: JobRepository, roster: RosterRepository) -> Callable[[], None]:
    """Makes all as it was before: the job, the people, and the sessions that were ended."""
    members = roster.read().members

    def put_back() -> None:
        job = make_job(status=Status.BOOKED)
        jobs.change(lambda book: JobBook(revision=book.revision).put(job))
        roster.change(lambda now: Roster(revision=now.revision).put(*members))

    put_back()
    return put_back


def ask(client: Client, method: str, route: str, headers: dict[str, str]) -> int:
    client.cookies.clear()
    body: Any = TABLE[route].body if method in ("POST", "PUT", "PATCH") else {}
    sent = client.generic if not body else getattr(client, method.lower())
    arguments = (method, path_of(route)) if not body else (path_of(route), body)
    if route.startswith("api/") or (body and method != "POST"):
        return int(sent(*arguments, content_type=JSON, headers=headers).status_code)
    return int(sent(*arguments, headers=headers).status_code)


def cookie(username: str) -> dict[str, str]:
    return {"Cookie": f"sessionid={session(username)['sessionid'].value}"}


def token(username: str) -> dict[str, str]:
    return Program(username).headers


Credentials = Callable[[str], dict[str, str]]


def expected(route: str, method: str) -> Statuses:
    known = TABLE[route].answers
    return known.get("GET" if method == "HEAD" else method) or all_get(405)


def test_every_address_has_its_row_in_the_table() -> None:
    """An address that nobody has said a rank for is one that anybody may use."""
    missing = sorted(set(routes()) - set(TABLE))
    assert not missing, f"Say in TABLE, tests/web/test_ranks.py, who may use: {missing}"
    gone = sorted(set(TABLE) - set(routes()))
    assert not gone, f"These rows of TABLE are of addresses that are no more: {gone}"


@pytest.mark.parametrize(
    ("credentials", "route"),
    [
        *((cookie, route) for route in TABLE),
        *((token, route) for route in TABLE if route.startswith("api/")),
    ],
)
def test_each_rank_is_answered_as_the_table_says(
    client: Client, put_back: Callable[[], None], credentials: Credentials, route: str
) -> None:
    headers = {rank: credentials(name) if name else {} for rank, name in MEMBERS.items()}
    for method in METHODS:
        given = {}
        for rank in MEMBERS:
            given[rank] = ask(client, method, route, headers[rank])
            if method not in ("GET", "HEAD", "OPTIONS"):
                put_back()
        assert given == dict(zip(MEMBERS, expected(route, method), strict=True)), method


@pytest.mark.usefixtures("put_back")
def test_a_token_opens_none_of_the_crews_pages(client: Client) -> None:
    bearer = token("dana")
    for route in (route for route in TABLE if route.startswith("dashboard/")):
        given = [ask(client, method, route, bearer) for method in METHODS]
        assert given == [expected(route, method)[0] for method in METHODS], route


@pytest.mark.usefixtures("put_back")
def test_what_is_refused_has_changed_nothing(client: Client, jobs: JobRepository) -> None:
    headers = [cookie(name) if name else {} for name in MEMBERS.values()]
    before = jobs.refreshed().jobs
    for route, row in TABLE.items():
        for method, statuses in row.answers.items():
            for each, status in zip(headers, statuses, strict=True):
                if method != "GET" and status in (401, 403):
                    ask(client, method, route, each)
    assert jobs.refreshed().jobs == before


# --- which jobs --------------------------------------------------------------------------

HERS = "Theodora Canary"  # whose pickup is Ana's alone
MOVE = {"status": "in_progress"}


def job_of(number: int, crew: Crew, name: str = "Mark", **fields: Any) -> Job:
    made = {"id": f"job{number}", "tracking_token": f"{number}" * 20, "customer_name": name}
    return make_job(**made, crew=crew, status=Status.BOOKED, **fields)


@pytest.fixture
def shared_out(jobs: JobRepository, roster: RosterRepository) -> JobRepository:
    """Joel's, nobody's, one where Joel helps, one that waits for a driver, and Ana's."""
    book = (
        job_of(1, Crew(driver="joel")),
        job_of(2, Crew()),
        job_of(3, Crew(driver="ana", first_mate="joel")),
        job_of(4, Crew(first_mate="ana")),
        job_of(5, Crew(driver="ana"), HERS),
    )
    jobs.change(lambda empty: empty.put(*book))
    return jobs


def shown_on(answer: Any) -> set[str]:
    return set(re.findall(r'id="job-(\w+)"', text(answer)))


@pytest.mark.parametrize("path", ["", "board"])
@pytest.mark.parametrize(
    ("username", "sees"), [("joel", "1234"), ("ana", "2345"), ("dana", "12345"), ("vic", "12345")]
)
def test_the_crew_see_their_own_jobs_and_those_that_nobody_drives(
    shared_out: JobRepository, username: str, sees: str, path: str
) -> None:
    shown = shown_on(signed_in(username).get(f"/dashboard/{path}"))
    assert shown == {f"job{number}" for number in sees}


@pytest.mark.parametrize("query", ["", "?q=theodora", "?q=job5", "?crew=ana", "?q=55555&r=99"])
def test_no_search_finds_anothers_job(shared_out: JobRepository, joel: Client, query: str) -> None:
    for path in ("/dashboard/", "/dashboard/board", "/api/jobs"):
        page = text(joel.get(path + query)).replace("q=theodora", "").replace('"theodora"', "")
        assert "canary" not in page.lower()
        assert "job5" not in page.replace("q=job5", "").replace('"job5"', "")


def test_the_count_and_the_sum_are_of_the_jobs_that_one_sees(
    shared_out: JobRepository, joel: Client, dana: Client
) -> None:
    assert "$2,400" in text(joel.get("/dashboard/board"))
    assert "$3,000" in text(dana.get("/dashboard/board"))


def test_anothers_job_looks_like_none_at_all(shared_out: JobRepository, joel: Client) -> None:
    for path in ("/dashboard/jobs/{}", "/api/jobs/{}"):
        hers, nobodys = (joel.get(path.format(name)) for name in ("job5", "job6"))
        assert (hers.status_code, nobodys.status_code) == (404, 404)
        assert words(hers).replace("job5", "job6") == words(nobodys)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("post", "dashboard/jobs/job5/move", MOVE, 404),
        ("post", "dashboard/jobs/job5/notes", {"text": "dog"}, 404),
        ("post", "dashboard/jobs/job5/eta", {"eta": "14:20"}, 404),
        ("post", "dashboard/jobs/job5/photos", {"kind": "before"}, 404),
        ("post", "dashboard/jobs/job5/assign", {"driver": "joel"}, 403),
        ("post", "dashboard/jobs/job5/edit", {"truck": "T9", "customer_name": "x"}, 403),
        ("post", "dashboard/jobs/job5/link", {}, 403),
        ("post", "dashboard/jobs/job5/quote", {"id": "a-new-price", **LINE}, 404),
        ("post", "dashboard/jobs/job5/pay", {"amount": "1", "method": "cash"}, 404),
        ("patch", "api/jobs/job5", {"truck": "T9"}, 403),
        ("post", "api/jobs/job5/status", MOVE, 404),
        ("post", "api/jobs/job5/status", MOVE | {"expected": "pending"}, 404),
        ("post", "api/jobs/job5/notes", {"text": "dog"}, 404),
        ("put", "api/jobs/job5/crew", {"driver": "joel"}, 403),
    ],
)
def test_nobody_of_the_crew_does_anything_to_anothers_job(
    shared_out: JobRepository, joel: Client, method: str, path: str, body: Any, status: int
) -> None:
    answer = send(joel, method, path, body)
    assert answer.status_code == status
    assert HERS not in text(answer)
    assert shared_out.refreshed().job("job5").version == 1


def send(client: Client, method: str, path: str, body: Any) -> Any:
    """As a script of ours sends it, or a program."""
    kind = {"content_type": JSON} if path.startswith("api/") else {}
    headers = {"X-Requested-With": "fetch"}
    return getattr(client, method)(f"/{path}", body, headers=headers, **kind)


def test_the_list_for_programs_holds_the_same_jobs(shared_out: JobRepository) -> None:
    seen = {job["id"] for job in Program("joel").get("jobs").json()["jobs"]}
    assert seen == {"job1", "job2", "job3", "job4"}
    pages = [Program("joel").get("jobs?limit=2").json()]
    pages.append(Program("joel").get(f"jobs?limit=2&after={pages[0]['next']}").json())
    assert [job["id"] for page in pages for job in page["jobs"]] == sorted(seen)
    assert pages[1]["next"] is None


def test_a_job_that_is_given_to_another_is_gone_from_the_next_poll(
    shared_out: JobRepository, joel: Client, dana: Client
) -> None:
    etag = joel.get("/dashboard/board").headers["ETag"]
    dana.post("/dashboard/jobs/job1/assign", {"driver": "ana"})
    answer = joel.get("/dashboard/board", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "job1" not in shown_on(answer)
    assert joel.get("/dashboard/jobs/job1").status_code == 404


# --- which prices ------------------------------------------------------------------------

MONEY = ("54321", "54,321", "12345", "12,345", "$", "surcharge", "by-card", "price", "paid")
RANDOM = re.compile(r"[A-Za-z0-9]{32,}")  # tokens: one in thousands holds one of those by chance


@pytest.fixture
def discreet(jobs: JobRepository, roster: RosterRepository) -> Iterator[JobRepository]:
    """A business that keeps its prices from the crew, and a job whose price has a history."""
    amount = Decimal("54321.09")
    paid = Paid(amount=amount, method="by-card", at=NOON, by="dana")
    job = job_of(1, Crew(driver="joel"), price=Decimal("12345.09"), paid=paid)
    change = {"price_lines": (PriceLine("Surcharge", amount),), "price": amount, "truck": "T1"}
    with override_settings(BUSINESSES=(replace(BUSINESS, crew_see_prices=False),)):
        jobs.change(lambda book: book.put(job.edited(change, by="dana", at=NOON)))
        yield jobs


def money_in(answer: Any) -> list[str]:
    page = RANDOM.sub("", text(answer)).lower()
    return [sign for sign in MONEY if sign in page]


@pytest.mark.parametrize("username", ["joel", "vic"])
@pytest.mark.parametrize(
    "path",
    [
        *("/dashboard/", "/dashboard/board", "/dashboard/jobs/job1"),
        *("/dashboard/?q=54321", "/api/jobs", "/api/jobs/job1"),
    ],
)
def test_who_may_see_no_price_sees_none(discreet: JobRepository, username: str, path: str) -> None:
    answer = signed_in(username).get(path)
    assert answer.status_code == 200
    found = [sign for sign in money_in(answer) if f"q={sign}" not in path]
    assert not found
    assert money_in(signed_in("dana").get(path))


def test_of_an_edit_of_the_price_they_see_the_rest(discreet: JobRepository, joel: Client) -> None:
    (event,) = joel.get("/api/jobs/job1").json()["history"]
    assert event["changes"] == {"truck": ["", "T1"]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("dashboard/jobs/job1/move", MOVE, 200),
        ("dashboard/jobs/job1/move", MOVE | {"expected": "pending"}, 409),
        ("dashboard/jobs/job1/move", {"status": "cancelled"}, 422),
        ("dashboard/jobs/job1/notes", {"text": "dog"}, 200),
        ("dashboard/jobs/job1/notes", {"text": ""}, 422),
        ("dashboard/jobs/job1/eta", {"eta": "14:20"}, 200),
        ("api/jobs/job1/status", MOVE, 200),
        ("api/jobs/job1/status", MOVE | {"expected": "pending"}, 409),
        ("api/jobs/job1/status", {"status": "cancelled"}, 422),
        ("api/jobs/job1/notes", {"text": "dog"}, 201),
    ],
)
def test_no_answer_to_what_they_do_holds_a_price(
    discreet: JobRepository, joel: Client, path: str, body: dict[str, str], status: int
) -> None:
    answer = send(joel, "post", path, body)
    assert (answer.status_code, money_in(answer)) == (status, [])
