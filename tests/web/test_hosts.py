"""Which host serves what, at which stage."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from qdn_site.environment import hosts_of
from tests.making import PASSWORD, TOKEN, make_job
from tests.web.pages import text
from tests.web.test_isolation import CACTUS, THISTLE

PUBLIC_HOST, CREWS_HOST = "quickdumpnow.com", "dispatch.quickdumpnow.com"
MORE = "www.quickdumpnow.com"
STAGING_HOST = "staging.quickdumpnow.com"
PUBLIC = [
    *("/", "/book/", "/privacy/", f"/track/{TOKEN}", "/track/unknown-one-xxxxxxxx"),
    "/robots.txt",
]
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


# --- several businesses, and what each looks like -----------------------------------------


@pytest.fixture
def several() -> Iterator[None]:
    """On a laptop; the second has colour and mark, the first a colour."""
    allowed = [*hosts_of(CACTUS, "development"), *hosts_of(THISTLE, "development"), "localhost"]
    with override_settings(BUSINESSES=(CACTUS, THISTLE), ALLOWED_HOSTS=allowed):
        yield


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("host", "business"),
    [
        *(("localhost:8000", CACTUS), ("cactus.localhost:8000", CACTUS)),
        *(("thistle.localhost:8000", THISTLE), ("Thistle.localhost", THISTLE)),
    ],
)
def test_on_a_laptop_each_business_is_below_localhost(host: str, business: Business) -> None:
    page = text(at(host).get("/book/"))
    assert business.name in page
    assert f'href="http://{host}/book/"' in page, "links keep the port"


@pytest.mark.usefixtures("several")
def test_a_host_below_localhost_that_is_nobodys_is_unknown() -> None:
    assert at("pete.localhost:8000").get("/").status_code == 400


def test_hosts_below_localhost_are_for_laptops_alone() -> None:
    assert hosts_of(THISTLE, "production") == ["thistle.example"]
    assert hosts_of(replace(THISTLE, slug="blue_thistle"), "development") == [
        "blue-thistle.localhost"
    ]


@pytest.mark.usefixtures("several")
def test_each_business_has_its_own_colour_and_mark() -> None:
    page = text(at("thistle.localhost").get("/book/"))
    assert '<meta name="theme-color" content="#c4b5fd">' in page
    assert page.count('"/brand.svg"') == 2
    assert "site/icon.svg" not in page
    style = text(at("thistle.localhost").get("/brand.css"))
    assert ".top { background: #c4b5fd; border-color: #c4b5fd; }" in style
    assert "color: #000000" in style, "black words are easier to read on it"
    assert "color: #ffffff" in text(at("cactus.localhost").get("/brand.css"))
    app = at("thistle.localhost").get("/dashboard/manifest.webmanifest").json()
    assert [icon["src"] for icon in app["icons"]] == ["/brand.svg"]
    icon = at("thistle.localhost").get("/brand.svg")
    assert icon.headers["Content-Type"] == "image/svg+xml"
    assert ">TC</text>" in text(icon)
    assert ">C</text>" in text(at("cactus.localhost").get("/brand.svg")), "its first letter"
    assert at("thistle.localhost").get("/favicon.ico").headers["Location"] == "/brand.svg"


@pytest.mark.usefixtures("several")
def test_a_look_is_kept_for_a_day_and_then_asked_for_again() -> None:
    answer = at("thistle.localhost").get("/brand.css")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert "Cookie" not in answer.headers.get("Vary", "")
    again = Client(headers={"Host": "thistle.localhost", "If-None-Match": answer.headers["ETag"]})
    assert again.get("/brand.css").status_code == 304
    assert again.get("/brand.svg").status_code == 200


@override_settings(BUSINESSES=(replace(THISTLE, mark="<&"),), ALLOWED_HOSTS=["localhost"])
def test_a_mark_is_text() -> None:
    assert ">&lt;&amp;</text>" in text(at("localhost").get("/brand.svg"))


def test_the_first_looks_as_ever(client: Client) -> None:
    page = text(client.get("/book/"))
    assert '<meta name="theme-color" content="#14532d">' in page
    assert "brand." not in page
    assert "site/touch" in page


@pytest.mark.usefixtures("production")
def test_both_hosts_serve_what_a_business_looks_like() -> None:
    for host in (PUBLIC_HOST, CREWS_HOST):
        assert at(host).get("/brand.svg").status_code == 200
