"""A walk through every page of the named surfaces, on a sample day; the proof runs it.

`python -m qdn_site.releases.visits book track`: prints how many pages it has seen, about once a
second, and what is wrong with each (such lines begin with PROBLEM).
"""

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import django
from django.conf import settings
from django.test import Client

STATIC = re.compile(r'(?:src|href)="/static/([^"?#]+)"')
PROBLEM = "! "
HEADERS = {"Host": "localhost", "Sec-Fetch-Site": "same-origin"}
PASSWORD = "only-for-the-proof"  # noqa: S105  of members that live as long as the proof


@dataclass(frozen=True)
class Visit:
    path: str
    status: int = 200
    or_else: int = 200
    post: dict[str, str] | None = None
    who: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def main(surfaces: list[str]) -> None:
    django.setup()
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True  # the error itself, not the page that tells of it
    _say("a sample day is made up")
    _sample_day()
    for surface in surfaces:
        _walk(surface)


def _walk(surface: str) -> None:
    clients = {"": Client(headers=HEADERS)}
    problems: dict[str, None] = {}  # each once, in order
    seen, said = 0, time.monotonic()
    for visit in VISITS[surface]():
        client = clients.get(visit.who) or clients.setdefault(visit.who, _member(visit.who))
        seen += 1
        if problem := look(client, visit, surface):
            problems[f"{PROBLEM}{surface}: {visit.path}: {problem}"] = None
        if time.monotonic() - said >= 1:
            said = time.monotonic()
            _say(f"{seen} pages of {surface} so far")
    for line in problems:
        _say(line)
    if not problems:
        _say(f"{seen} pages of {surface} show on a sample day")


def _say(line: str) -> None:
    sys.stdout.write(f"{' '.join(line.split())}\n")
    sys.stdout.flush()


def look(client: Client, visit: Visit, surface: str) -> str:
    """What is wrong with a page, in a line; empty where nothing is."""
    try:
        if visit.post is None:
            answer = client.get(visit.path, headers=visit.headers)
        else:
            answer = client.post(visit.path, visit.post, headers=visit.headers)
    except Exception as error:  # whatever a template makes of its context
        return f"{type(error).__name__}: {error}"
    if answer.status_code not in (visit.status, visit.or_else):
        return f"answers {answer.status_code} instead of {visit.status}"
    text = answer.content.decode()
    names = set(settings.RELEASES[surface].static.values())
    missing = sorted(set(STATIC.findall(text)) - names)
    return f"names /static/{missing[0]}, which the release does not hold" if missing else ""


def _member(username: str) -> Client:
    client = Client(headers=HEADERS)
    client.post("/dashboard/login/", {"username": username, "password": PASSWORD})
    return client


def _sample_day() -> None:
    from dispatch import sample

    business = settings.BUSINESSES[0]
    sample.add_members(business, PASSWORD)
    sample.add_jobs(business)


def _jobs() -> Iterator[tuple[str, str]]:
    from dispatch import wiring

    for job in wiring.jobs(settings.BUSINESSES[0]).read().jobs:
        yield job.id, job.tracking_token


def _book() -> Iterator[Visit]:
    yield Visit("/")
    yield Visit("/book/")
    yield Visit("/book/", 422, 422, post={"customer_name": "Sam"})


def _track() -> Iterator[Visit]:
    yield Visit("/track/no-such-link-0000", 404, 404)
    for _, token in _jobs():
        yield from (Visit(f"/track/{token}{page}") for page in ("", "/live"))
        # 422 where the job has come too far for that; the page says so.
        yield from (Visit(f"/track/{token}{page}", 422) for page in ("/cancel", "/ready"))


def _dashboard() -> Iterator[Visit]:
    yield Visit("/dashboard/login/")
    yield Visit("/dashboard/login/", 422, 422, post={"username": "dana", "password": "wrong"})
    for who in ("dana", "joel", "vic"):
        yield from (Visit(f"/dashboard/{page}", who=who) for page in ("", "board", "account/"))
        for id, _ in _jobs():
            # 404 where the job is another driver's.
            yield Visit(f"/dashboard/jobs/{id}", 404, who=who)
            fetch = {"X-Requested-With": "fetch"}
            yield Visit(f"/dashboard/jobs/{id}", 404, who=who, headers=fetch)
    for page in ("jobs/new", "requests/", "crew/", "crew/new", "crew/joel/"):
        yield Visit(f"/dashboard/{page}", who="dana")
    yield Visit("/dashboard/jobs/new", 422, 422, post={"customer_name": ""}, who="dana")
    yield Visit("/dashboard/jobs/no-such-job", 404, 404, who="dana")
    yield Visit("/dashboard/logout/", who="dana")


VISITS = {"book": _book, "track": _track, "dashboard": _dashboard}

if __name__ == "__main__":
    main(sys.argv[1:])
