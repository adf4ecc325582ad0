"""Half a configuration refuses to start, and names what is missing (CONTRACT §7, §8)."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from runpy import run_path

import pytest
from django.core.exceptions import ImproperlyConfigured
from msgspec.structs import replace

from qdn_site.environment import Environment, hosts_of, read_businesses
from tests.making import BUSINESS
from tests.serving import PRODUCTION, ROOT, settings_for

SHIPPED = ROOT / "qdn_site" / "businesses.toml"
JOBS, CREW = ("file", "s3", "dynamodb"), ("file", "dynamodb")


def problems(check: Callable[[Environment], object], **variables: str) -> list[str]:
    environment = Environment(variables)
    check(environment)
    return environment.problems


def place(
    url: str, schemes: tuple[str, ...] = JOBS, stage: str = "production", several: bool = False
) -> list[str]:
    """The problems of a place for jobs."""
    return problems(lambda it: it.place("PLACE", stage, schemes, several), PLACE=url)


def test_a_missing_stage_is_named() -> None:
    assert problems(Environment.stage) == [
        "QDN_STAGE is not set: say which stage this is: development, staging, production."
    ]


@pytest.mark.parametrize("stage", ["prod", "Production", "test"])
def test_a_wrong_stage_is_named(stage: str) -> None:
    assert problems(Environment.stage, QDN_STAGE=stage) == [
        f"QDN_STAGE is {stage!r}, none of development, staging, production."
    ]


def test_an_empty_variable_is_a_missing_one() -> None:
    found = problems(lambda it: it.needed("DJANGO_SECRET_KEY", "why."), DJANGO_SECRET_KEY="  ")
    assert found == ["DJANGO_SECRET_KEY is not set: why."]


@pytest.mark.parametrize(
    ("several", "folder"), [(False, "file:var/data"), (True, "file:var/data/{business}")]
)
def test_development_has_a_folder_of_its_own(several: bool, folder: str) -> None:
    assert Environment({}).place("QDN_JOBS_URL", "development", JOBS, several) == folder
    assert place("", stage="development", several=several) == []


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_elsewhere_the_place_of_the_jobs_must_be_said(stage: str) -> None:
    assert place("", stage=stage) == [
        "PLACE is not set: say where, as file:<folder> or s3://<bucket>/jobs.json or"
        " dynamodb://<table> or dynamodb://<table>/<business>."
    ]


@pytest.mark.parametrize(
    "url",
    [
        *("file:", "s3://", "s3://bucket", "s3://bucket/", "s3:jobs.json", "ftp://x/y"),
        *("jobs.json", "file:/data/{tenant}", "file:/data/{}", "file:/data/{", "s3://[x/y"),
    ],
)
def test_a_place_that_leads_nowhere_is_named(url: str) -> None:
    (problem,) = place(url)
    assert problem.startswith(f"PLACE is {url!r}: say where")


@pytest.mark.parametrize(
    "url",
    ["file:/srv/data", "file:///srv/data", "file:var/data", "s3://bucket/jobs.json", "s3://b/a/j"],
)
def test_a_place_that_leads_somewhere_is_taken(url: str) -> None:
    assert Environment({"PLACE": url}).place("PLACE", "production", JOBS, False) == url
    assert place(url) == []


@pytest.mark.parametrize("table", ["crew_roster", "crew_roster/{business}", "Crew.roster-2"])
def test_a_roster_in_a_table_is_named_by_the_table_and_perhaps_a_business(table: str) -> None:
    assert place(f"dynamodb://{table}", CREW) == []


@pytest.mark.parametrize(
    "url",
    [
        *("dynamodb:crew_roster", "dynamodb://", "dynamodb://cr", "dynamodb://crew_roster/"),
        *("dynamodb://crew roster", "dynamodb://crew_roster/a/b", "dynamodb://crew_roster/a#b"),
        "dynamodb://crew_roster?region=us-east-1",
    ],
)
def test_a_table_that_cannot_be_is_named(url: str) -> None:
    (problem,) = place(url, CREW)
    assert "file:<folder> or dynamodb://<table>" in problem


@pytest.mark.parametrize("url", ["s3://[", "s3:", "file:", "releases"])
def test_a_place_for_releases_that_cannot_be_is_named(url: str) -> None:
    assert problems(lambda it: it.releases("QDN_RELEASES_URL"), QDN_RELEASES_URL=url) == [
        f"QDN_RELEASES_URL is {url!r}, none of file:<folder>, s3://bucket/prefix."
    ]


@pytest.mark.parametrize("url", ["s3://[", "s3:", "file:", "media", "https://example.com/x"])
def test_a_place_for_photos_that_cannot_be_is_named(url: str) -> None:
    found = problems(lambda it: it.photos("QDN_MEDIA_URL", "production"), QDN_MEDIA_URL=url)
    assert found == [f"QDN_MEDIA_URL is {url!r}, none of file:<folder>, s3://bucket/prefix."]
    with pytest.raises(ImproperlyConfigured, match="QDN_MEDIA_URL is"):
        settings_for(**PRODUCTION, QDN_MEDIA_URL=url)


def test_photos_need_no_places_apart() -> None:
    url = "s3://bucket/{business}"
    assert problems(lambda it: it.photos("QDN_MEDIA_URL", "production"), QDN_MEDIA_URL=url) == [
        "QDN_MEDIA_URL is 's3://bucket/{business}': leave the braces out, each business has a"
        " folder of its own in it."
    ]


def test_photos_are_kept_on_a_laptop_and_elsewhere_only_where_it_is_said() -> None:
    assert "photos" not in settings_for(**PRODUCTION)["STORAGES"]
    assert settings_for(**PRODUCTION)["PHOTOS_URL"] == ""
    laptop = settings_for(QDN_STAGE="development", DJANGO_SECRET_KEY="x" * 60)["STORAGES"]
    options = laptop["photos"]["OPTIONS"]
    assert options == {"location": ROOT / "var" / "media", "must_exist": False}
    folder = settings_for(**PRODUCTION, QDN_MEDIA_URL="file:/srv/media")["STORAGES"]
    options = folder["photos"]["OPTIONS"]
    assert options == {"location": Path("/srv/media"), "must_exist": True}
    bucket = settings_for(**PRODUCTION, QDN_MEDIA_URL="s3://pictures/of/jobs/")["STORAGES"]
    options = bucket["photos"]["OPTIONS"]
    assert (options["bucket_name"], options["location"]) == ("pictures", "of/jobs")


def test_several_businesses_need_places_apart() -> None:
    assert place("s3://bucket/jobs.json", several=True) == [
        "PLACE needs {business} in it, to keep the several businesses apart."
    ]
    assert place("s3://bucket/{business}/jobs.json", several=True) == []


def test_a_stage_where_no_business_has_a_host_is_named() -> None:
    def hosts(environment: Environment) -> object:
        return environment.hosts([replace(BUSINESS, staging=None)], "staging")

    (problem,) = problems(hosts)
    assert "No business has a host in staging: give one a [business.staging]" in problem
    assert problems(hosts, DJANGO_ALLOWED_HOSTS="staging.example.com") == []


def test_each_stage_answers_to_its_own_hosts() -> None:
    environment = Environment({"DJANGO_ALLOWED_HOSTS": "more.example.com, other.example.com"})
    assert environment.hosts([BUSINESS], "production") == [
        *("quickdumpnow.com", "dispatch.quickdumpnow.com", "www.quickdumpnow.com"),
        *("more.example.com", "other.example.com"),
    ]
    assert "localhost" in Environment({}).hosts([BUSINESS], "development")


def test_all_that_is_wrong_is_named_at_once() -> None:
    environment = Environment({"QDN_STAGE": "prod"})
    environment.stage()
    environment.needed("DJANGO_SECRET_KEY", "things are signed with it.")
    with pytest.raises(ImproperlyConfigured) as refusal:
        environment.refuse()
    assert "QDN_STAGE" in str(refusal.value)
    assert "DJANGO_SECRET_KEY" in str(refusal.value)


def test_nothing_starts_without_settings() -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode != 0
    assert "Refusing to start" in result.stderr
    assert "QDN_STAGE is not set" in result.stderr
    assert "DJANGO_SECRET_KEY is not set" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("workers", ["two", "0", "-1", "1.5"])
def test_a_number_of_processes_that_is_none_is_named(
    workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDN_WORKERS", workers)
    with pytest.raises(SystemExit, match=f"QDN_WORKERS is '{workers}'"):
        run_path(str(ROOT / "qdn_site" / "gunicorn.py"))


def test_production_starts_with_its_settings_and_never_with_debug_on() -> None:
    assert settings_for(**PRODUCTION)["STAGE"] == "production"
    with pytest.raises(ImproperlyConfigured, match="DJANGO_DEBUG is on in production"):
        settings_for(**PRODUCTION, DJANGO_DEBUG="1")


def file_with(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped file of businesses, with one thing wrong."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "businesses.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('slug = "quickdumpnow"', 'slug = "Quick Dump"', "slug =", "slug"),
        ('slug = "quickdumpnow"\n', "", "[[business]]", "missing required field `slug`"),
        ('currency = "USD"', 'currency = "dollars"', "currency =", "currency"),
        ("link_days = 30", 'link_days = "thirty"', "link_days =", "Expected `int`"),
        ("link_days = 30", "link_dayz = 30", "link_dayz =", "unknown field `link_dayz`"),
        ("America/Los_Angeles", "Mars/Olympus", "timezone =", "timezone 'Mars/Olympus' is unknown"),
        ('"2026-12-25"', '"Christmas"', "closed =", "date"),
        ('start = "12:00", end = "16:00"', 'start = "noon", end = "16:00"', '"noon"', "start"),
        ('start = "12:00", end = "16:00"', 'start = "16:00", end = "12:00"', '"16:00"', "ends at"),
        ('name = "afternoon"', 'name = "morning"', "Morning", "two windows are called 'morning'"),
        ('name = "full"', 'name = "full", size = 3', "size = 3", "unknown field `size`"),
        ("price = 600", "price = -1", "price = -1", "out of range"),
        ('label = "Half load", ', "", 'name = "half"', "missing required field `label`"),
        ('"https://staging.quickdumpnow.com"', '"staging"', '"staging"', "public_url"),
        ('"https://staging.quickdumpnow.com"', '"https://["', '"https://["', "public_url"),
        ("[business.staging]", "[business.stagging]", "stagging]", "unknown field `stagging`"),
        ("[[business]]", "[[busines]]", "[[busines]]", "unknown field `busines`"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_refused_by_its_line(
    tmp_path: Path, old: str, new: str, line: str, told: str
) -> None:
    path = file_with(tmp_path, old, new)
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_businesses(path)
    assert told in str(refusal.value)
    assert f"line {line_of(path, line)}:" in str(refusal.value)


def test_a_file_that_is_no_toml_is_refused_by_its_line(tmp_path: Path) -> None:
    path = file_with(tmp_path, 'currency = "USD"', "currency = USD")
    with pytest.raises(ImproperlyConfigured, match=f"line {line_of(path, 'currency =')}"):
        read_businesses(path)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "businesses.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SHIPPED.read_bytes())
    assert read_businesses(path) == read_businesses(SHIPPED)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"nowhere\.toml: No such file"):
        read_businesses(tmp_path / "nowhere.toml")


def test_a_file_without_any_business_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "businesses.toml"
    path.write_text("business = []\n")
    with pytest.raises(ImproperlyConfigured, match=r"there is no \[\[business\]\] in it"):
        read_businesses(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("www.quickdumpnow.com", "www.quickdumpnow.com"), "share the slug quickdumpnow"),
        (('slug = "quickdumpnow"', 'slug = "other"'), "share the host"),
    ],
)
def test_two_businesses_are_told_apart(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    path = file_with(tmp_path, "", "")
    path.write_text(path.read_text() + SHIPPED.read_text().replace(*change))
    with pytest.raises(ImproperlyConfigured, match=told):
        read_businesses(path)


def test_the_second_business_is_refused_by_its_own_line(tmp_path: Path) -> None:
    first = SHIPPED.read_text()
    second = first.replace("quickdumpnow", "othertown").replace(
        "notice_hours = 3", "notice_hours = -3"
    )
    path = tmp_path / "businesses.toml"
    path.write_text(first + second)
    with pytest.raises(ImproperlyConfigured, match=f"line {line_of(path, 'hours = -3')}:"):
        read_businesses(path)


def test_the_shipped_file_fits() -> None:
    (business,) = read_businesses(SHIPPED)
    assert (business.slug, business.phone) == ("quickdumpnow", "+16195550100")
    assert hosts_of(business, "staging") == ["staging.quickdumpnow.com"]


@pytest.mark.parametrize("url", ["locmem:", "redis://limits:6379/0", "rediss://limits:6379/0"])
def test_rate_limits_are_counted_in_memory_or_in_redis(url: str) -> None:
    assert problems(lambda it: it.cache("QDN_CACHE_URL"), QDN_CACHE_URL=url) == []


@pytest.mark.parametrize("url", ["file:/srv/cache", "memcached://limits", "locmem", "redis://["])
def test_another_place_for_rate_limits_is_named(url: str) -> None:
    assert problems(lambda it: it.cache("QDN_CACHE_URL"), QDN_CACHE_URL=url) == [
        f"QDN_CACHE_URL is {url!r}, none of locmem:, redis://…."
    ]
