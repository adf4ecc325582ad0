"""A walk through every page of the named surfaces, on a sample day; the proof runs it.

`python -m qdn_site.releases.visits book track`: prints how many pages it saw, or what is wrong
with each and exits with 1.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import django
from django.conf import settings
from django.test import Client

STATIC = re.compile(r'(?:src|href)="/static/([^"?#]+)"')
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


def main(surfaces: list[str]) -> int:
    django.setup()
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True  # the error itself, not the page that tells of it
    _sample_day()
    problems, seen = [], 0
    for surface in surfaces:
        clients = {"": Client(headers=HEADERS)}
        for visit in VISITS[surface]():
            client = clients.get(visit.who) or clients.setdefault(visit.who, _member(visit.who))
            seen += 1
            if problem := look(client, visit, surface):
                problems.append(f"{surface}: {visit.path}: {problem}")
    sys.stdout.write("\n".join(dict.fromkeys(problems)) if problems else str(seen))
    return 1 if problems else 0


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
    sys.exit(main(sys.argv[1:]))
