"""Which host serves what, at which stage."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import PASSWORD, TOKEN, make_job
from tests.web.pages import text

PUBLIC_HOST, CREWS_HOST = "quickdumpnow.com", "dispatch.quickdumpnow.com"
MORE = "www.quickdumpnow.com"
STAGING_HOST = "staging.quickdumpnow.com"
PUBLIC = ["/", "/book/", f"/track/{TOKEN}", "/track/unknown-one-xxxxxxxx", "/robots.txt"]
CREWS = ["/dashboard/", "/dashboard/login/", "/dashboard/board", "/api/jobs", "/api/openapi.json"]


@pytest.fixture
def production() -> Iterator[None]:
    with override_settings(STAGE="production", ALLOWED_HOSTS=[PUBLIC_HOST, CREWS_HOST, MORE]):
        yield


@pytest.fixture
def staging() -> Iterator[None]:
    with override_settings(STAGE="staging", ALLOWED_HOSTS=[STAGING_HOST]):
        yield


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))


def at(host: str) -> Client:
    return Client(headers={"Host": host})


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("host", [PUBLIC_HOST, "QuickDumpNow.com", "quickdumpnow.com:443"])
def test_the_public_hosts_serve_the_public_pages(host: str, path: str) -> None:
    answer = at(host).get(path)
    assert answer.status_code == (404 if "unknown" in path else 200)
    assert "There is no such page here." not in text(answer)


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("host", "paths"), [(PUBLIC_HOST, [*CREWS, "/api"]), (CREWS_HOST, PUBLIC[1:])]
)
def test_neither_host_serves_what_is_the_others(host: str, paths: list[str]) -> None:
    for path in paths:
        answer = at(host).get(path)
        assert answer.status_code == 404, path
        assert "There is no such page here." in text(answer)


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/dashboard/login/", 200), ("/dashboard/", 302), ("/dashboard", 301)),
        *(("/dashboard/board", 401), ("/api/jobs", 401), ("/api/openapi.json", 200)),
    ],
)
def test_the_crews_host_serves_the_crews_pages(path: str, status: int) -> None:
    assert at(CREWS_HOST).get(path).status_code == status


@pytest.mark.usefixtures("production")
def test_the_front_door_of_the_crews_host_is_the_board() -> None:
    answer = at(CREWS_HOST).get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/dashboard/")


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("host", ["evil.example", STAGING_HOST, "localhost", "testserver"])
def test_no_other_host_is_served_in_production(host: str) -> None:
    assert at(host).get("/").status_code == 400
    assert at(host).get("/healthz").status_code == 200


@pytest.mark.usefixtures("production")
def test_the_drawers_link_for_customers_leads_to_the_public_host(roster: RosterRepository) -> None:
    client = at(CREWS_HOST)
    client.post("/dashboard/login/", {"username": "dana", "password": PASSWORD})
    drawer = text(client.get("/dashboard/jobs/jXkL9m2pQ"))
    assert f'href="https://quickdumpnow.com/track/{TOKEN}"' in drawer


@pytest.mark.usefixtures("production")
def test_production_may_be_found_but_not_the_crews_pages() -> None:
    assert "X-Robots-Tag" not in at(PUBLIC_HOST).get("/").headers
    answer = at(CREWS_HOST).get("/dashboard/login/")
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.usefixtures("staging")
@pytest.mark.parametrize("path", [*PUBLIC, *CREWS, "/nowhere", "/book.html", "/static/none.css"])
def test_staging_is_found_by_no_robot_and_serves_all_on_one_host(path: str) -> None:
    answer = at(STAGING_HOST).get(path)
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "There is no such page here." not in text(answer)


def test_in_development_one_host_serves_all() -> None:
    for path, status in (("/", 200), ("/dashboard/login/", 200), (f"/track/{TOKEN}", 200)):
        assert at("localhost:8000").get(path).status_code == status
        assert at("127.0.0.1").get(path).status_code == status


@pytest.mark.parametrize("page", ["/", "/book/"])
def test_a_link_in_a_chat_shows_a_picture_from_a_whole_address(client: Client, page: str) -> None:
    shown = text(client.get(page))
    assert '<meta property="og:image" content="http://testserver/static/site/preview' in shown
    assert f'<link rel="canonical" href="http://testserver{page}">' in shown
    assert '<meta name="twitter:card" content="summary_large_image">' in shown


def test_browsers_find_the_icon_where_they_look_for_it(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"].startswith("/static/site/icon")
    assert 'rel="apple-touch-icon"' in text(client.get("/"))
