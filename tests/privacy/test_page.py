"""`/privacy/`: what is kept, for how long, and whom to ask, as the business has it set."""

import pytest
from django.test import Client
from msgspec.structs import replace
from pytest_django import Settings

from tests.making import BUSINESS, TOKEN
from tests.web.pages import text, words


def said(settings: Settings, **keys: object) -> str:
    settings.BUSINESSES = (replace(BUSINESS, **keys),)
    return words(Client().get("/privacy/"))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"link_days": 30}, "ends 30 days after the pickup is over"),
        ({"link_days": 1}, "ends a day after the pickup is over"),
        ({"keep_months": 84}, "7 years after the pickup"),
        ({"keep_months": 12}, "A year after the pickup"),
        ({"keep_months": 18}, "18 months after the pickup"),
    ],
)
def test_the_times_are_the_businesss_own(
    settings: Settings, keys: dict[str, int], sentence: str
) -> None:
    assert sentence in said(settings, **keys)


def test_photos_are_spoken_of_where_there_are_any(settings: Settings) -> None:
    settings.PHOTOS_URL = "file:media"
    assert "Photos are deleted 400 days after" in said(settings)
    settings.PHOTOS_URL = ""
    assert "Photos" not in said(settings)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("file:data", "are deleted 90 days after that"),
        ("dynamodb://jobs", "are deleted 30 days after that"),
        ("s3://bucket/jobs.json", "are deleted some time after that. Ask us when."),
    ],
)
def test_older_versions_go_as_the_storage_has_it(
    settings: Settings, url: str, sentence: str
) -> None:
    settings.JOBS_URL = url
    assert sentence in said(settings)


def test_it_says_whom_to_ask(settings: Settings) -> None:
    page = Client().get("/privacy/")
    assert 'href="tel:+16195550100"' in text(page)
    assert f'href="mailto:{BUSINESS.email}"' in text(page)
    assert page.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["/", "/book/", f"/track/{TOKEN}", "/privacy/", "/nowhere"])
def test_every_page_for_customers_leads_there(client: Client, path: str) -> None:
    assert 'href="/privacy/"' in text(client.get(path))


def test_the_crews_pages_do_not(dana: Client) -> None:
    assert "/privacy/" not in text(dana.get("/dashboard/"))
