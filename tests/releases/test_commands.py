"""stage, promote, rollback and releases, as ops type them, on a laptop's folders."""

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from msgspec.structs import replace

from dispatch import wiring
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from qdn_site.edge.table import FUNCTION
from qdn_site.releases import pointer as pointers
from qdn_site.releases import sample_job
from qdn_site.releases.pack import pack_function
from qdn_site.releases.store import FolderReleases
from tests.making import BUSINESS
from tests.releases.fakes import FakeFunction
from tests.releases.making import a_pack, make_pack, pages, point, say
from tests.serving import ROOT


@pytest.fixture(autouse=True)
def settings_of_a_laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("QDN_STAGING", "QDN_PROD"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QDN_STAGING_RELEASES_URL", f"file:{tmp_path / 'staging'}")
    monkeypatch.setenv("QDN_PRODUCTION_RELEASES_URL", f"file:{tmp_path / 'production'}")


def run(*arguments: str) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


def store(folder: Path) -> FolderReleases:
    return FolderReleases(folder.name, f"file:{folder}", folder)


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    return str(refusal.value)


@pytest.fixture
def staged(tmp_path: Path) -> str:
    """A release of the booking page on staging; its id."""
    point(store(tmp_path / "staging"), a_pack("Staged words."))
    return a_pack("Staged words.").id


@pytest.fixture
def proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether the pages show, which takes seconds."""
    monkeypatch.setattr("qdn_site.management.commands.stage.prove", lambda packs: iter(()))


@pytest.mark.long
def test_a_sentence_goes_to_staging_to_production_and_back(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = say(pages(tmp_path / "source"), "Three minutes, no account.")
    said = run("stage", "book", "--from", str(source), "--by", "joel")
    assert "proved: every template compiles" in said
    assert "proved: 8 pages of book show on a sample day" in said
    assert "the edge is skipped: QDN_STAGING_DISTRIBUTION is not set" in said
    assert f"/track/{sample_job.TOKEN}" in said
    request.getfixturevalue("proved")
    again = say(pages(tmp_path / "again"), "Almost three minutes.")
    planned = run("stage", "book", "--from", str(again), "--diff", "--dry-run")
    assert '-  <p class="lead">Three minutes, no account.</p>' in planned
    assert '+  <p class="lead">Almost three minutes.</p>' in planned
    assert "Staging shows just that already" in run("stage", "book", "--from", str(source))

    planned = run("promote", "--diff", "--dry-run")
    assert "(compared with the image's own pages, as this machine has them)" in planned
    assert "~ templates/booking/book.html" in planned
    assert "+ templates" not in planned
    assert "+ static" not in planned
    assert '+  <p class="lead">Three minutes, no account.</p>' in planned
    assert "Would do this; nothing was changed." in planned
    assert not (tmp_path / "production" / "pointer.json").exists()

    assert "production points to book image →" in run("promote", "--by", "dana")
    assert "nothing to do" in run("promote")
    assert "promote by dana" in run("releases")

    point(store(tmp_path / "staging"), make_pack(source, "Four minutes, no account."))
    planned = run("promote", "--diff", "--dry-run")
    assert "listed as new" not in planned
    assert "~ templates/booking/book.html" in planned
    assert "+ templates" not in planned
    assert '-  <p class="lead">Three minutes, no account.</p>' in planned
    assert '+  <p class="lead">Four minutes, no account.</p>' in planned

    assert "Would do this" in run("rollback", "--dry-run")
    assert "→ image" in run("rollback", "--by", "ana")
    assert "rollback by ana" in run("releases")


@pytest.mark.usefixtures("proved")
def test_a_dry_run_of_stage_changes_nothing(tmp_path: Path) -> None:
    said = run("stage", "book", "--dry-run")
    assert "book: image →" in said
    assert "Would do this; nothing was changed." in said
    run("releases")
    assert not (tmp_path / "staging").exists()
    assert not (tmp_path / "production").exists()


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> FakeFunction:
    function = FakeFunction(stages={"LIVE": b"// the old function"})
    monkeypatch.setattr("qdn_site.releases.target.EdgeFunction", lambda name: function)
    for stage in ("STAGING", "PRODUCTION"):
        monkeypatch.setenv(f"QDN_{stage}_DISTRIBUTION", "E1")
        monkeypatch.setenv(f"QDN_{stage}_URL", "http://127.0.0.1")
    return function


def test_a_dry_run_names_the_function_and_the_paths(edge: FakeFunction) -> None:
    said = run("stage", "edge", "--dry-run")
    old, new = pack_function(b"// the old function"), pack_function(FUNCTION.read_bytes())
    assert f"edge: {old.id[:12]} → {new.id[:12]}" in said
    assert "to invalidate: /dashboard, /dashboard/*, /track/*" in said
    assert edge.stages == {"LIVE": b"// the old function"}


def test_the_edge_is_promoted_with_its_difference_told(edge: FakeFunction, tmp_path: Path) -> None:
    point(store(tmp_path / "staging"), pack_function(b"// the new function"))
    said = run("promote", "--diff", "--dry-run")
    assert "~ rewrite.js" in said
    assert "-// the old function" in said
    assert "+// the new function" in said


def test_a_function_that_is_not_the_pointers_is_told(edge: FakeFunction, tmp_path: Path) -> None:
    for stage in ("staging", "production"):
        point(store(tmp_path / stage), pack_function(b"// the new function"))
    said = run("releases")
    assert said.count("`promote edge` or `stage edge` mends it") == 2
    assert "that " + pack_function(b"// the new function").id[:12] in run("promote", "--dry-run")


def test_a_proof_that_takes_too_long_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qdn_site.releases.preview.TIMEOUT", 0.1)
    told = refused("stage", "book", "--from", str(pages(tmp_path / "source")))
    assert told == "the pages took longer than 0.1 s to show on a sample day"


def test_a_proof_that_is_killed_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    told = refused("stage", "book", "--from", str(pages(tmp_path / "source")))
    assert told == "the pages cannot be shown on a sample day: it ended with 1"


def test_a_proof_that_cannot_begin_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDN_BUSINESSES", "no.toml")
    told = refused("stage", "book", "--from", str(pages(tmp_path / "source")))
    assert told.endswith(f"ImproperlyConfigured: {ROOT / 'no.toml'}: No such file or directory")


@pytest.mark.parametrize("by", ["", " ", "joel\nana", "\udcff"])
def test_a_name_that_the_history_cannot_show_is_refused(by: str) -> None:
    assert refused("rollback", "--by", by).startswith(f"--by {by!r}: ")


def spoil(source: Path, name: str, change: str) -> int:
    """The line of that template which is no longer as it should be."""
    page = source / "templates" / name
    before, begin, after = page.read_text().partition("{% block content %}")
    page.write_text(before + begin + change + after)
    return before.count("\n") + 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("{% if %}", "line {line}: Unexpected end of expression"),
        ("{% block x %}", "line {line}: Unclosed tag"),
        ("{% load os %}", "line {line}: 'os' is not a registered tag library"),
    ],
)
def test_templates_that_do_not_compile_are_refused_by_their_line(
    tmp_path: Path, change: str, why: str
) -> None:
    source = pages(tmp_path / "source")
    line = spoil(source, "booking/book.html", change)
    text = refused("stage", "book", "--from", str(source))
    assert f"templates/booking/book.html, {why.format(line=line)}" in text


def test_pages_that_would_not_show_are_refused_each_with_its_reason(tmp_path: Path) -> None:
    source = pages(tmp_path / "source")
    spoil(source, "home.html", "{% include 'booking/gone.html' %}")
    post = "{% if request.method == 'POST' %}{% url 'gone' %}{% endif %}"
    spoil(source, "booking/book.html", post + '<img src="/static/site/gone.png">')
    text = refused("stage", "book", "--from", str(source))
    for problem in (
        "book: /: TemplateDoesNotExist: booking/gone.html",
        "book: /book/: names /static/site/gone.png, which the release does not hold",
        "book: /book/: NoReverseMatch",
    ):
        assert problem in text
    assert not (tmp_path / "staging" / "pointer.json").exists()


def test_something_that_is_no_page_is_refused(tmp_path: Path) -> None:
    source = pages(tmp_path / "source")
    (source / "templates/booking/tool.py").write_text("print(1)")
    assert "tool.py is no kind of file" in refused("stage", "book", "--from", str(source))


def test_an_unknown_surface_is_named() -> None:
    assert refused("stage", "shop").startswith("There is no surface 'shop'; there are dashboard")


def test_what_is_missing_in_the_settings_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDN_PRODUCTION_DISTRIBUTION", "E123")
    assert "QDN_PRODUCTION_URL is not set" in refused("rollback")
    monkeypatch.delenv("QDN_PRODUCTION_DISTRIBUTION")
    monkeypatch.setenv("QDN_DASHBOARD_DISTRIBUTION", "E456")
    assert "QDN_PRODUCTION_DISTRIBUTION is not set" in refused("rollback")
    monkeypatch.delenv("QDN_DASHBOARD_DISTRIBUTION")
    monkeypatch.delenv("QDN_PRODUCTION_RELEASES_URL")
    assert "QDN_PRODUCTION_RELEASES_URL is not set" in refused("promote")


@pytest.mark.parametrize(
    "url",
    [
        *("quickdumpnow.com", "//quickdumpnow.com", "localhost:8000", "http://", "https://["),
        *("https://a..com", "https://münchen.de"),
    ],
)
def test_an_address_that_cannot_be_asked_is_told_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("QDN_STAGING_URL", url)
    told = refused("stage", "book")
    assert told == f"QDN_STAGING_URL is {url}: write it whole, as in https://quickdumpnow.com."
    monkeypatch.setenv("QDN_DASHBOARD_URL", url)
    assert refused("rollback").startswith(f"QDN_DASHBOARD_URL is {url}: ")


@pytest.mark.parametrize("command", [("releases",), ("rollback",), ("stage", "edge")])
def test_a_folder_that_cannot_be_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    for stage in ("STAGING", "PRODUCTION"):
        monkeypatch.setenv(f"QDN_{stage}_RELEASES_URL", f"file:{tmp_path / 'file' / 'x'}")
    assert refused(*command).endswith("Not a directory")


def test_a_live_release_that_is_damaged_is_told_and_blocks_no_promotion(
    staged: str, tmp_path: Path
) -> None:
    run("promote")
    for path in (tmp_path / "production" / "manifests").iterdir():
        path.write_text("rubbish")
    point(store(tmp_path / "staging"), a_pack("Other words."))
    said = run("promote")
    assert f"what shows now cannot be read: production: release {staged[:12]}: " in said
    assert "production points to book" in said


def test_each_stage_is_listed_for_itself(staged: str, tmp_path: Path) -> None:
    run("promote")
    (tmp_path / "staging" / "pointer.json").unlink()
    said = StringIO()
    with pytest.raises(CommandError, match=r"^staging: pointer.json is gone; put .*/000001.json"):
        call_command("releases", stdout=said)
    assert "promote by" in said.getvalue()


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_interrupted_moves_are_shown_and_finished(
    staged: str, tmp_path: Path, command: str
) -> None:
    run("promote")
    point(store(tmp_path / "staging"), a_pack("Other words."))
    run("promote")
    if command == "rollback":
        run("rollback")
    production = store(tmp_path / "production")
    document = pointers.read(production)
    pointer = pointers.decode(document)
    last = pointer.revision
    for revision in (last, last - 1):  # as interruptions leave them
        pointer = pointer.with_arrival(revision, None)  # type: ignore[arg-type]
    pointers.write(production, pointer, document)
    assert run("releases").partition("production")[2].count("never seen to arrive") == 2
    said = run(command)
    assert f"move {last} was never seen to arrive: finishing it" in said
    assert f"move {last - 1} was never seen to arrive: finishing it" in said
    assert "overtaken by the next" in run("releases")
    assert "never seen" not in run("releases").partition("production")[2]


CTRL_C = """
import runpy, sys, django
def interrupt(*_):
    raise KeyboardInterrupt
django.setup = interrupt
sys.argv = ["manage.py", "releases"]
runpy.run_path("manage.py", run_name="__main__")
"""


def test_ctrl_c_while_a_command_starts_ends_in_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("Interrupted.")


def test_stagings_sample_job_is_there_and_comes_back(client: Client, jobs: JobRepository) -> None:
    for _ in range(2):
        sample_job.keep(BUSINESS)
        assert "Booking Confirmed" in client.get(f"/track/{sample_job.TOKEN}").content.decode()
    job, long_ago = jobs.read().job(sample_job.ID), wiring.now() - timedelta(hours=2)
    jobs.change(lambda book: book.put(replace(job, status=Status.COMPLETED, updated_at=long_ago)))
    sample_job.keep(BUSINESS)
    assert "Booking Confirmed" in client.get(f"/track/{sample_job.TOKEN}").content.decode()


def test_words_that_the_catalogues_lack_are_refused_each_by_name(tmp_path: Path) -> None:
    source = pages(tmp_path / "source")
    spoil(source, "home.html", "{% translate 'Now with a bigger truck' %}")
    spoil(source, "booking/book.html", "{% blocktranslate %}For {{ you }}{% endblocktranslate %}")
    text = refused("stage", "book", "--from", str(source))
    for lacking in (
        "templates/home.html: no words in 'es' for “Now with a bigger truck”",
        "templates/booking/book.html: no words in 'es' for “For %(you)s”",
    ):
        assert lacking in text
    assert not (tmp_path / "staging" / "pointer.json").exists()
