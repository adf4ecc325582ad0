"""Proving releases before they go anywhere: their templates compile, and their pages show.

In a process of its own that follows a folder with them: the real settings, views and forms, on a
sample day of jobs. `python -m qdn_site.releases.preview book track` prints how many pages it has
seen, and what is wrong with each (such lines begin with PROBLEM).
"""

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import NamedTuple

import django
from django.conf import settings
from django.test import Client, override_settings

from dispatch import sample, wiring
from qdn_site.languages.catalogue import untranslated
from qdn_site.releases import ReleaseError, pages, publish, sample_job
from qdn_site.releases.pack import Pack
from qdn_site.releases.pages import ReleaseTemplates
from qdn_site.releases.store import FolderReleases
from qdn_site.releases.target import Target

OURS = ("QDN_", "DJANGO_", "AWS_")
TIMEOUT = 120  # seconds
STATIC = re.compile(r'(?:src|href)="/static/([^"?#]+)"')
PROBLEM = "! "
HEADERS = {"Host": "localhost", "Sec-Fetch-Site": "same-origin"}
PASSWORD = "only-for-the-preview"  # noqa: S105  of members that live as long as this


def prove(packs: Sequence[Pack]) -> Iterator[str]:
    """Compile every template, look for its words in this code's catalogues, and visit every page;
    a line of progress a second. Raises ReleaseError with a line for each problem.
    """
    for pack in packs:
        ReleaseTemplates(pack, debug=True)
    yield "every template compiles"
    sources = {
        name: body.decode() for pack in packs for name, body in pack.under("templates").items()
    }
    if lacking := [*untranslated(sources)]:
        raise ReleaseError("\n".join(lacking))
    yield "all their words are in every language"
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"file:{folder}/releases"
        store = FolderReleases("staging", url, folder / "releases")
        at = datetime.now(UTC)
        plan = publish.plan_stage(Target("staging", store), packs, "preview", at)
        list(publish.carry_out(plan, lambda: at))
        problems = []
        environment = _environment(folder) | {"QDN_RELEASES_URL": url}
        for line in _lines([pack.manifest.surface for pack in packs], environment, folder):
            if line.startswith(PROBLEM):
                problems.append(line.removeprefix(PROBLEM))
            else:
                yield line
        if problems:
            raise ReleaseError("\n".join(problems))


def _environment(folder: Path) -> dict[str, str]:
    """For a process that keeps all it makes in this folder."""
    (folder / "data").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    if businesses := os.environ.get("QDN_BUSINESSES", "").strip():
        kept["QDN_BUSINESSES"] = os.path.abspath(businesses)  # it runs in another folder
    return kept | {
        "QDN_STAGE": "development",
        "QDN_JOBS_URL": f"file:{folder}/data/{{business}}",
        "QDN_CREW_URL": f"file:{folder}/data/{{business}}",
        "QDN_CACHE_URL": "locmem:",
        "DJANGO_SETTINGS_MODULE": "qdn_site.settings",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "TMPDIR": str(folder),
        "PYTHONIOENCODING": "utf-8",  # whatever the terminal has: this process reads it
    }


def _lines(surfaces: list[str], environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The output of `main` in a process of its own."""
    with (
        (folder / "errors").open("w+", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "qdn_site.releases.preview", *surfaces],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        ) as process,
    ):
        late = Timer(TIMEOUT, process.kill)
        late.start()
        try:
            assert process.stdout is not None
            yield from (line.rstrip("\n") for line in process.stdout)
            process.wait()
        finally:
            over = not late.is_alive()
            late.cancel()
            process.kill()
        errors.seek(0)
        if over:
            raise ReleaseError(f"the pages took longer than {TIMEOUT} s to show on a sample day")
        if process.returncode:
            why = errors.read().strip().rpartition("\n")[2] or f"it ended with {process.returncode}"
            raise ReleaseError(f"the pages cannot be shown on a sample day: {why}")


class Visit(NamedTuple):
    """`or_else`: statuses that are as good, depending on the job. `who`: signed in, if anybody."""

    path: str
    status: int = 200
    or_else: tuple[int, ...] = ()
    post: dict[str, str] | None = None
    who: str = ""
    headers: Mapping[str, str] = {}


def visits(surface: str, jobs: Sequence[tuple[str, str]]) -> Iterator[Visit]:
    """The pages of a surface, with these jobs' (id, token)."""
    if surface == "book":
        yield from (Visit("/"), Visit("/book/"), Visit("/privacy/"))
        yield Visit("/book/", 422, post={"customer_name": "Sam"})
    elif surface == "track":
        yield Visit("/track/no-such-link-0000", 404)
        yield from (Visit("/lost-link/"), Visit("/lost-link/", 422, post={"to": "?"}))
        for _, token in jobs:
            yield from (Visit(f"/track/{token}"), Visit(f"/track/{token}/live"))
            # 422 where the job has come too far for that; 303 where it is done.
            yield Visit(f"/track/{token}/cancel", or_else=(422, 303))
            yield Visit(f"/track/{token}/ready", or_else=(422, 303))
    else:
        yield Visit("/dashboard/login/")
        yield Visit("/dashboard/login/", 422, post={"username": "dana", "password": "wrong"})
        yield Visit("/dashboard/jobs/new", 401, post={"member": "dana"})  # sent too late
        for who in ("dana", "joel", "vic"):
            yield from (Visit(f"/dashboard/{page}", who=who) for page in ("", "board", "account/"))
            for (id, _), headers in product(jobs, ({}, {"X-Requested-With": "fetch"})):
                # 404 where the job is another driver's.
                yield Visit(f"/dashboard/jobs/{id}", or_else=(404,), who=who, headers=headers)
        for page in ("jobs/new", "numbers/", "requests/", "crew/", "crew/new", "crew/joel/"):
            yield Visit(f"/dashboard/{page}", who="dana")
        yield Visit("/dashboard/jobs/new", 422, post={"customer_name": ""}, who="dana")
        yield Visit("/dashboard/jobs/no-such-job", 404, who="dana")
        yield Visit("/dashboard/logout/", who="dana")


def main(surfaces: Sequence[str]) -> None:
    django.setup()
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True  # the error itself, not the page that tells of it
    following = pages.follower()
    assert following is not None
    following.look()
    _print("a sample day is made up")
    business = settings.BUSINESSES[0]
    sample.add_members(business, PASSWORD)
    sample.add_jobs(business)
    jobs = [(job.id, job.tracking_token) for job in wiring.jobs(business).read().jobs]
    for surface in surfaces:
        _walk(surface, jobs)
    if "track" in surfaces:
        _say_messages()


def _say_messages() -> None:
    """Each message as it would be sent; of one that cannot be, why."""
    from tracking.messages.preview import previews  # which needs the apps to be there

    for business in settings.BUSINESSES:
        at = wiring.now()
        with override_settings(STAGE="production"):  # whose links count in a text's length
            for preview in previews(business, sample_job.made(business, at), "joel", at):
                _print(f"{PROBLEM}track: {preview}" if preview.wrong else f"message {preview}")


def _walk(surface: str, jobs: Sequence[tuple[str, str]]) -> None:
    problems: dict[str, None] = {}  # each once, in order
    seen, shown_at = 0, time.monotonic()
    languages = settings.BUSINESSES[0].languages
    for seen, (visit, language) in enumerate(product(visits(surface, jobs), languages), 1):
        if problem := _problem(visit, surface, language):
            problems[f"{PROBLEM}{surface}: {visit.path}: {problem}"] = None
        if time.monotonic() - shown_at >= 1:
            shown_at = time.monotonic()
            _print(f"{seen} pages of {surface} so far")
    for line in problems or [f"{seen} pages of {surface} show on a sample day"]:
        _print(line)


@cache
def _client(who: str) -> Client:
    client = Client(headers=HEADERS)
    if who:
        client.post("/dashboard/login/", {"username": who, "password": PASSWORD})
    return client


def _problem(visit: Visit, surface: str, language: str) -> str:
    """The first thing wrong with a page, in a line; empty where nothing is."""
    client = _client(visit.who)
    ask = client.get if visit.post is None else client.post
    try:
        headers = {**visit.headers, "Accept-Language": language}
        answer = ask(visit.path, visit.post, headers=headers)
    except Exception as error:  # whatever a template makes of its context
        client.exc_info = None  # else the next page would be blamed for it too
        return f"{type(error).__name__}: {error}"
    if answer.status_code not in (visit.status, *visit.or_else):
        return f"answers {answer.status_code} instead of {visit.status}"
    names = set(STATIC.findall(answer.content.decode()))
    missing = sorted(names - set(pages.shown()[surface].static.values()))
    return f"names /static/{missing[0]}, which the release does not hold" if missing else ""


def _print(line: str) -> None:
    sys.stdout.write(f"{' '.join(line.split())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
