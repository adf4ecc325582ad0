"""Where the driver is, on the way to a customer."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client
from redis.exceptions import RedisError

from dispatch import ratelimit
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from tests.making import TOKEN, FakeClock, make_job
from tests.web.pages import words

PATH = "/dashboard/jobs/jXkL9m2pQ"
PAGE = f"/track/{TOKEN}"
THERE = {"lat": "32.71571", "lon": "-117.16112"}
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def booked(jobs: JobRepository, roster: RosterRepository) -> None:
    jobs.change(lambda book: book.put(make_job(status="booked")))


def on_my_way(member: Client) -> None:
    member.post(f"{PATH}/eta", {"on_my_way": 1, "minutes": 30})


def tell(member: Client, **fields: Any) -> Any:
    return member.post(f"{PATH}/position", {**THERE, **fields})


def kept() -> list[str]:
    return [name for name in cache._cache if "position" in name]


def test_the_customer_sees_it_with_its_age_and_on_a_map(
    joel: Client, client: Client, clock: FakeClock
) -> None:
    on_my_way(joel)
    assert tell(joel).json() == {"kept": True}
    clock.at += 4 * MINUTE
    page = client.get(PAGE)
    assert "See where they are on a map 4 minutes ago, at 12:00 PM" in words(page)
    assert "query=32.7157%2C-117.1611" in page.content.decode()


def test_a_page_that_is_open_hears_of_it(joel: Client, client: Client, clock: FakeClock) -> None:
    on_my_way(joel)
    etag = client.get(f"{PAGE}/live").headers["ETag"]
    tell(joel)
    fresh = client.get(f"{PAGE}/live", headers={"If-None-Match": etag})
    assert (fresh.status_code, "on a map" in words(fresh)) == (200, True)


def test_the_newest_wins(joel: Client, client: Client, clock: FakeClock) -> None:
    on_my_way(joel)
    clock.at += 5 * MINUTE
    tell(joel, lat="32.8", ago_s=60)
    tell(joel, lat="32.9", ago_s=120)  # it was on its way for longer
    assert "query=32.8%2C" in client.get(PAGE).content.decode()


def test_after_a_quarter_of_an_hour_it_is_old(
    joel: Client, client: Client, clock: FakeClock
) -> None:
    on_my_way(joel)
    tell(joel)
    clock.at += 15 * MINUTE
    assert "on a map" in words(client.get(PAGE))
    clock.at += MINUTE
    assert "on a map" not in words(client.get(PAGE))
    assert tell(joel, ago_s=16 * 60).json() == {"kept": False}
    assert tell(joel, ago_s=86401).json() == {"kept": False}


def test_it_is_forgotten_at_the_start(joel: Client, client: Client) -> None:
    on_my_way(joel)
    tell(joel)
    assert kept()
    joel.post(f"{PATH}/move", {"status": "in_progress"})
    assert (kept(), "on a map" in words(client.get(PAGE))) == ([], False)


def test_who_sets_off_anew_is_not_where_they_were(
    joel: Client, client: Client, clock: FakeClock
) -> None:
    on_my_way(joel)
    tell(joel)
    joel.post(f"{PATH}/move", {"status": "booked", "reason": "not_ready"})
    clock.at += MINUTE
    assert "on a map" not in words(client.get(PAGE))
    on_my_way(joel)
    assert "on a map" not in words(client.get(PAGE))


def test_only_who_is_on_the_way_can_tell(joel: Client, dana: Client, client: Client) -> None:
    assert tell(joel).json() == {"kept": False}
    on_my_way(joel)
    assert tell(dana).json() == {"kept": False}
    assert tell(joel).json() == {"kept": True}
    joel.post(f"{PATH}/move", {"status": "in_progress"})
    assert tell(joel).json() == {"kept": False}
    assert "on a map" not in words(client.get(PAGE))


@pytest.mark.parametrize(
    "fields",
    [
        {"lat": "384400"},  # on the moon
        {"lon": "-181"},
        {"lat": "nan"},
        {"lat": "inf"},
        {"lat": ""},
        {"lat": "32,7"},
        {"ago_s": "-86400"},  # from tomorrow
    ],
)
def test_what_is_no_place_or_no_time_is_refused(
    joel: Client, client: Client, fields: dict[str, str]
) -> None:
    on_my_way(joel)
    assert tell(joel, **fields).status_code == 422
    assert "on a map" not in words(client.get(PAGE))


def test_a_browser_may_ask_where_it_is_on_the_days_page_alone(joel: Client) -> None:
    assert "geolocation=(self)" in joel.get("/dashboard/day/").headers["Permissions-Policy"]
    for path in ("/dashboard/", PATH, "/dashboard/day/part", PAGE):
        assert "geolocation=()" in joel.get(path).headers["Permissions-Policy"]


def test_without_the_cache_everything_else_works(
    joel: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise RedisError("out of reach")

    on_my_way(joel)
    monkeypatch.setattr(ratelimit, "_redis_rests_until", float("inf"))
    for name in ("get", "set", "delete"):
        monkeypatch.setattr(LocMemCache, name, silent)
    assert tell(joel).status_code == 200
    assert client.get(PAGE).status_code == 200
    assert joel.post(f"{PATH}/move", {"status": "in_progress"}).status_code == 303
