"""Staging, promoting and rolling back, with containers that serve visitors all the while."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest

from qdn_site import PAGES_API
from qdn_site.edge.table import FUNCTION as FUNCTION_CODE
from qdn_site.releases import ReleaseError, sample_job
from qdn_site.releases.pack import Pack, keep, pack_function
from qdn_site.releases.store import ReleaseStore, open_store
from tests.aws import PATIENT, aws_environment
from tests.cloudfront import Distribution, StandIn, running_cloudfront
from tests.cloudfront.functions import Version
from tests.listening import listening
from tests.moto_server import make_bucket, running_moto, server
from tests.releases.fakes import FakeSite
from tests.releases.live import HANGS, get, health, killed_at, one_door, shows, until
from tests.releases.making import SENTENCE, make_pack, page_of, pages, point, say
from tests.releases.visitors import LOST, SIGN_IN, visiting
from tests.serving import ROOT, environment_of, manage, serving

pytestmark = pytest.mark.long
FUNCTION = "qdn-track-rewrite"
AS_PATIENT = {"DJANGO_SETTINGS_MODULE": "tests.releases.patient"}
BUSINESSES = (
    (ROOT / "qdn_site" / "businesses.toml").read_text().partition("[business.production]")[0]
)
HERE = '[business.production]\npublic_url = "http://127.0.0.1"\n'


@dataclass
class Place:
    """Two buckets, the folder that pages are changed in, and what the commands are told."""

    folder: Path
    source: Path
    environment: dict[str, str]
    edge: StandIn

    def behind(self, distribution: str, origin: str) -> str:
        """The address of what stands in front of a site."""
        self.edge.distributions[distribution].origin = origin
        return self.edge.url(distribution)

    def invalidated(self, distribution: str = "EPRODUCTION") -> list[list[str]]:
        return [batch.paths for batch in self.edge.invalidations[distribution].all()]

    def run(self, *arguments: str) -> str:
        waits = arguments[0] in ("stage", "promote", "rollback")
        patient = ("--wait", str(HANGS)) if waits else ()
        return manage(self.environment, *arguments, *patient)

    def refused(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0, done.stdout
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr

    @property
    def production(self) -> ReleaseStore:
        return self.store("production")

    def store(self, stage: str) -> ReleaseStore:
        return open_store(stage, self.environment[f"QDN_{stage.upper()}_RELEASES_URL"], ROOT)

    @contextmanager
    def containers(self, *names: str, stage: str = "production") -> Iterator[list[str]]:
        with ExitStack() as stack:
            yield [stack.enter_context(self._container(name, stage)) for name in names]

    def log(self, name: str) -> str:
        return (self.folder / name / "server.log").read_text()

    @contextmanager
    def _container(self, name: str, stage: str) -> Iterator[str]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        settings = {
            **{name: value for name, value in self.environment.items() if name[:4] == "AWS_"},
            **AS_PATIENT,
            "QDN_STAGE": stage,
            "QDN_WORKERS": "1",
            "QDN_BUSINESSES": self.environment["QDN_BUSINESSES"],
            "QDN_RELEASES_URL": self.environment[f"QDN_{stage.upper()}_RELEASES_URL"],
        }
        with serving(folder, members=False, **settings) as url:
            yield url


def refusals(url: str) -> dict[str, str]:
    told: dict[str, str] = health(url)["refused"]
    return told


def all_show(urls: list[str], id: str) -> None:
    until(lambda: all(shows(url) == id for url in urls))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    (tmp_path / "businesses.toml").write_text(
        BUSINESSES + HERE + HERE.replace("production", "staging")
    )
    stages = {"ESTAGING": f"{FUNCTION}-staging", "EPRODUCTION": FUNCTION}
    distributions = [Distribution(id, function=name) for id, name in stages.items()]
    with running_moto() as endpoint, running_cloudfront(*distributions) as edge:
        for name, value in aws_environment(endpoint).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("qdn_site.releases.store.REPEATING", PATIENT)
        # moto keeps its buckets for as long as this process lives.
        staging, production = (
            make_bucket(endpoint, f"{name}-{token_hex(4)}") for name in ("staging", "production")
        )
        (tmp_path / "ops").mkdir()
        settings = {
            "QDN_BUSINESSES": str(tmp_path / "businesses.toml"),
            "QDN_STAGING_RELEASES_URL": f"s3://{staging}/releases",
            "QDN_PRODUCTION_RELEASES_URL": f"s3://{production}/releases",
            "QDN_STAGING_DISTRIBUTION": "ESTAGING",
            "QDN_PRODUCTION_DISTRIBUTION": "EPRODUCTION",
            "QDN_STAGING_URL": edge.url("ESTAGING"),
            "QDN_PRODUCTION_URL": edge.url("EPRODUCTION"),
            **edge.environment,
            **aws_environment(endpoint),
            **AS_PATIENT,
        }
        environment = environment_of(tmp_path / "ops", **settings)
        yield Place(tmp_path, pages(tmp_path / "pages"), environment, edge)


def test_a_sentence_is_staged_promoted_and_rolled_back_under_load(place: Place) -> None:
    with (
        place.containers("staging", stage="staging") as (staged,),
        place.containers("one", "two") as production,
        one_door(production) as door,
        visiting(production, ("/book/", "/")) as visitors,
        visiting([place.behind("EPRODUCTION", door)], ("/book/", SIGN_IN, LOST)) as outside,
    ):
        staging = place.behind("ESTAGING", staged)
        front = place.edge.url("EPRODUCTION")
        say(place.source, "Said on staging first.")
        told = place.run("stage", "book", "--from", str(place.source))
        assert "Said on staging first." in get(f"{staging}/book/")[1]
        link = told.split("Sample job: ")[1].split()[0]
        assert link == f"{staging}/track/{sample_job.TOKEN}"
        until(lambda: "Sam Sample" in get(link)[1])
        assert all(SENTENCE in get(f"{url}/book/")[1] for url in (*production, front))
        assert place.invalidated() == []

        told = place.run("promote", "book")
        assert "8 new connections in a row" in told
        for url in (*production, front):
            assert "Said on staging first." in get(f"{url}/book")[1]
            assert shows(url) != "image"
            assert shows(url, "dashboard") == shows(url, "track") == "image"
        assert place.invalidated() == [["/", "/book", "/book/", "/privacy/"]]

        place.run("rollback", "book")
        for url in (*production, front):
            assert SENTENCE in get(f"{url}/book/")[1]
            assert shows(url) == "image"
        assert place.invalidated() == 2 * [["/", "/book", "/book/", "/privacy/"]]
    assert visitors.failures == outside.failures == []
    assert visitors.pages > 100
    assert outside.pages > 50
    assert {SENTENCE, "Said on staging first."} <= visitors.sentences
    print(visitors)


def test_new_pages_and_styles_show_everywhere(place: Place) -> None:
    """Every time with another stylesheet, which the page's neighbour may not have yet."""
    style = place.source / "static/site/style.css"
    with place.containers("one", "two") as production, visiting(production) as visitors:
        for number in range(4):
            style.write_text(f"{style.read_text()}\n.n{number} {{ color: red }}")
            made = make_pack(place.source, f"Sentence {number}.")
            point(place.production, made)
            all_show(production, made.id)
            assert all(f"Sentence {number}." in get(f"{url}/book/")[1] for url in production)
    assert visitors.failures == []
    print(visitors.pages, visitors.files, visitors.slowest)


def test_a_container_that_starts_later_serves_the_static_files_of_pages_still_open(
    place: Place,
) -> None:
    style = place.source / "static/site/style.css"
    style.write_text(f"{style.read_text()}\n.early {{ color: red }}")
    early = make_pack(place.source)
    point(place.production, early)
    point(place.production, make_pack(pages(place.folder / "later"), "Later."))
    with place.containers("one") as (url,):
        name = early.manifest.static["site/style.css"]
        assert name not in get(f"{url}/book/")[1]
        status, body = get(f"{url}/static/{name}")
        assert (status, ".early" in body) == (200, True)
        assert get(f"{url}/static/site/style.000000000000.css")[0] == 404


def test_a_promotion_killed_under_load_leaves_production_whole_and_the_next_finishes(
    place: Place,
) -> None:
    """Just as the pointer is written. Each step in turn: tests/releases/test_publish.py."""
    with place.containers("one") as (url,), visiting([url]) as visitors:
        front = place.behind("EPRODUCTION", url)
        after = make_pack(place.source, "Said before the end.")
        point(place.store("staging"), after, pack_function(FUNCTION_CODE.read_bytes()))
        killed_at("points to", place.environment, "promote")
        status, page = get(f"{front}/book/")
        assert status == 200
        assert SENTENCE in page or "Said before the end." in page
        place.run("promote")
        assert "Said before the end." in get(f"{front}/book/")[1]
        assert len(place.invalidated()) == 1
        assert "nothing to do" in place.run("promote")
        killed_at("points to", place.environment, "rollback", "book")
        assert get(f"{front}/book/")[0] == 200
        place.run("rollback", "book")
        assert shows(url) == "image"
        assert "never seen" not in place.run("releases").partition("production")[2]
    assert visitors.failures == []


def test_what_cloudfront_refuses_is_one_clear_line(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that somebody else changed meanwhile, an exhausted quota, a wrong path."""
    functions = place.edge.functions
    publish_it = functions.publish

    def publish_late(name: str, if_match: str) -> Version:
        config = functions.get(name, "DEVELOPMENT").config
        functions.update(name, if_match, config, b"// somebody else's")
        return publish_it(name, if_match)

    with listening(FakeSite(place.store("staging"))) as staged:
        place.behind("ESTAGING", staged)
        monkeypatch.setattr(functions, "publish", publish_late)
        told = place.refused("stage", "edge")
        assert "somebody else changed the function meanwhile; nothing was done" in told
    invalidations = place.edge.invalidations["EPRODUCTION"]
    monkeypatch.setattr(invalidations, "settle", 1_000)
    invalidations.create("ours", [f"/{number}/*" for number in range(15)])
    assert "would exceed 15; wait" in place.refused("invalidate", "/static/*")
    assert "empties the whole cache" in place.refused("invalidate", "/*")


def tampered(place: Place) -> Pack:
    bad = make_pack(place.source, "Bad words.")
    page = bad.files["templates/booking/book.html"].replace(b"Bad words.", b"Mad words.")
    place.production.put(page_of(bad), page)
    with pytest.raises(ReleaseError, match="SHA-256 differs"):
        keep(place.production, bad)
    point(place.production, bad, with_content=False)  # last: else it may be missed for a moment
    return bad


def named_and_missing(place: Place) -> Pack:
    missing = make_pack(place.source, "Missing words.")
    point(place.production, missing, with_content=False)
    return missing


def for_newer_code(place: Place) -> Pack:
    newer = make_pack(place.source, "Newer words.", pages_api=PAGES_API + 1)
    point(place.production, newer)
    return newer


WRONG = (
    (tampered, "SHA-256 differs"),
    (named_and_missing, "there is no manifests/"),
    (for_newer_code, f"PAGES_API {PAGES_API + 1}"),
)


def test_what_must_not_show_is_refused_and_the_last_good_pages_stay(place: Place) -> None:
    good = make_pack(place.source, "Good words.")
    point(place.production, good)
    with place.containers("one") as (url,):
        all_show([url], good.id)
        with visiting([url]) as visitors:
            for wrong, why in WRONG:
                bad = wrong(place)
                until(lambda id=bad.id: id[:12] in refusals(url).get("book", ""))
                assert why in refusals(url)["book"]
                assert shows(url) == good.id
                assert "Good words." in get(f"{url}/book/")[1]
                assert why in place.log("one")
        point(place.store("staging"), make_pack(place.source, "Newer.", pages_api=PAGES_API + 1))
        place.behind("EPRODUCTION", url)
        told = place.refused("promote", "book")
        assert f"deploy an image with PAGES_API {PAGES_API + 1} first" in told
    assert visitors.failures == []
    assert visitors.sentences == {"Good words."}


def test_storage_out_of_reach_at_the_start_means_the_images_pages_until_it_is_back(
    place: Place,
) -> None:
    made = make_pack(place.source, "Words from afar.")
    point(place.production, made)
    with running_moto() as endpoint:
        port = int(endpoint.rpartition(":")[2])  # where nobody answers after this
    place.environment["AWS_ENDPOINT_URL_S3"] = endpoint
    with place.containers("one") as (url,):
        assert shows(url) == "image"
        assert SENTENCE in get(f"{url}/book/")[1]
        until(lambda: "releases" in refusals(url))
        back = server(port)
        threading.Thread(target=back.serve_forever, daemon=True).start()
        try:
            until(lambda: shows(url) == made.id)
            until(lambda: refusals(url) == {})
        finally:
            back.shutdown()
            back.server_close()
