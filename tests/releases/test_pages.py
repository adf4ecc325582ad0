"""A process shows what its stage's pointer names, and on any doubt what it showed before."""

import errno
import os
from collections.abc import Iterator
from functools import partial
from hashlib import md5
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client

from dispatch.domain.stored.document import StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.releases import pages as showing
from qdn_site.releases import pointer as pointers
from qdn_site.releases.pack import Pack, keep
from qdn_site.releases.pages import RETRY, Follower, PagesMiddleware
from qdn_site.releases.pointer import Change, Move
from qdn_site.releases.static import MOST_ABSENT, PAUSE, ReleaseStatic
from tests.making import FakeClock, make_job
from tests.releases.fakes import MemoryReleases
from tests.releases.making import AT, a_pack, make_pack, page_of, pages, point

ONE, TWO, NEWER = a_pack("One."), a_pack("Two."), a_pack("Newer.", pages_api=PAGES_API + 1)
TRACK = a_pack("Track.", "track")


@pytest.fixture(autouse=True)
def images_own_pages() -> Iterator[None]:
    yield
    showing.show({})


@pytest.fixture
def store() -> MemoryReleases:
    return MemoryReleases()


@pytest.fixture
def follower(store: MemoryReleases, clock: FakeClock) -> Follower:
    return Follower(store, ReleaseStatic(store, clock), clock)


def show(follower: Follower, *packs: Pack) -> None:
    """As the next look finds them."""
    point(follower.store, *packs)
    follower.look()


def shown() -> dict[str, str]:
    return {surface: release.id for surface, release in showing.shown().items()}


def refused(follower: Follower) -> dict[str, str]:
    return {name: why.brief for name, why in follower.refused.items()}


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/pages")


# --- which release shows -----------------------------------------------------------------


def test_without_a_pointer_the_image_shows_and_nobody_complains(follower: Follower) -> None:
    follower.look()
    assert (shown(), refused(follower)) == ({}, {})


def test_the_release_that_the_pointer_names_shows_and_others_are_not_touched(
    follower: Follower,
) -> None:
    show(follower, ONE, TRACK)
    assert shown() == {"book": ONE.id, "track": TRACK.id}
    assert render_to_string("booking/book.html") == "One."
    show(follower, TWO)
    assert render_to_string("booking/book.html") == "Two."
    assert render_to_string("tracking/track.html") == "Track."


def test_an_unchanged_pointer_is_looked_at_and_nothing_else(follower: Follower) -> None:
    show(follower, ONE)
    follower.store.asked.clear()
    follower.look()
    assert follower.store.asked == []


def tampered(store: MemoryReleases, pack: Pack) -> None:
    keep(store, pack)
    store.blobs[page_of(pack)] = b"Mwo."
    missing(store, pack)


missing = partial(point, with_content=False)


@pytest.mark.parametrize(
    ("bad", "put", "why"),
    [
        (TWO, tampered, "SHA-256 differs"),
        (TWO, missing, "there is no manifests/"),
        (NEWER, point, f"PAGES_API {PAGES_API + 1}"),
        (a_pack("{% if %}"), point, "templates/booking/book.html, line"),
    ],
)
@pytest.mark.parametrize("fresh", [True, False])
def test_what_must_not_show_is_refused_and_the_newest_good_one_shows(
    follower: Follower, caplog: pytest.LogCaptureFixture, bad: Pack, put: Any, why: str, fresh: bool
) -> None:
    """At once in a process that starts; and in one that runs, other surfaces go on."""
    point(follower.store, ONE)
    if not fresh:
        follower.look()
    put(follower.store, bad)
    show(follower, TRACK)
    assert shown() == {"book": ONE.id, "track": TRACK.id}
    assert bad.id[:12] in refused(follower)["book"]
    assert why in refused(follower)["book"]
    assert why in caplog.text


def test_with_nothing_before_a_tampered_release_the_image_shows(follower: Follower) -> None:
    tampered(follower.store, TWO)
    follower.look()
    assert shown() == {}
    assert "the image's own pages are shown instead" in refused(follower)["book"]


def test_newer_code_takes_up_the_pages_that_waited_for_it(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    point(follower.store, ONE, NEWER)
    monkeypatch.setattr(showing, "PAGES_API", PAGES_API + 1)
    follower.look()
    assert shown() == {"book": NEWER.id}


def test_what_was_rolled_back_is_not_fallen_back_to(follower: Follower) -> None:
    before = point(follower.store, ONE, TWO)
    place = {"book": before.place("book").back(ONE.id, TWO.id)}
    back = Move(3, "rollback", AT, "joel", {"book": Change(TWO.id, ONE.id)})
    after = before.moved(back, place, {})
    pointers.write(follower.store, after, pointers.read(follower.store))
    show(follower, NEWER)
    assert shown() == {"book": ONE.id}


def test_storage_out_of_reach_changes_nothing_until_it_is_back(follower: Follower) -> None:
    point(follower.store, ONE)
    follower.store.out_of_reach = True
    follower.look()
    assert shown() == {}
    assert refused(follower) == {"releases": "storage out of reach; what is shown stays"}
    follower.store.out_of_reach = False
    follower.look()
    assert (shown(), refused(follower)) == ({"book": ONE.id}, {})
    follower.store.out_of_reach = True
    follower.clock.tick(60)
    follower.look()
    assert shown() == {"book": ONE.id}
    assert follower.seen_at == follower.clock() - 60


@pytest.mark.parametrize("body", [None, b"no json", b'{"schema": 9}', b"[" * 5000])
def test_a_pointer_that_is_gone_or_unreadable_changes_nothing(
    follower: Follower, body: bytes | None
) -> None:
    show(follower, ONE)
    follower.store.lose_pointer(body)
    follower.look()
    assert shown() == {"book": ONE.id}
    assert "pointer.json" in refused(follower)["releases"]
    showing.show({})  # a process that starts now shows the image's pages, and says why
    follower.look()
    assert "pointer.json" in refused(follower)["releases"]


def test_what_was_refused_is_looked_at_again_but_not_at_every_look(follower: Follower) -> None:
    missing(follower.store, TWO)
    follower.look()
    asked = len(follower.store.asked)
    follower.look()
    assert len(follower.store.asked) == asked
    keep(follower.store, TWO)
    follower.clock.tick(RETRY)
    follower.look()
    assert (shown(), refused(follower)) == ({"book": TWO.id}, {})


def test_a_full_disk_shows_the_last_good_release_until_there_is_room(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(follower, ONE)
    point(follower.store, TWO)
    with monkeypatch.context() as patched:
        patched.setattr("dispatch.stores.atomic.replace", full)
        follower.look()
    assert shown() == {"book": ONE.id}
    assert "this container's disk: No space left" in refused(follower)["book"]
    follower.clock.tick(RETRY)
    follower.look()
    assert shown() == {"book": TWO.id}


def test_without_a_temporary_folder_the_image_shows_until_there_is_one(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("tempfile.TemporaryDirectory", full)
        show(follower, ONE)
        assert shown() == {}
        assert "this container's disk: No space left" in refused(follower)["book"]
    follower.clock.tick(RETRY)
    follower.look()
    assert (shown(), refused(follower)) == ({"book": ONE.id}, {})


def test_where_things_are_and_what_others_said_is_for_the_log_alone(
    follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    follower.store.out_of_reach = True
    follower.look()
    assert "secret" not in str(refused(follower))
    assert "s3://secret/place" in caplog.text


def test_a_look_that_fails_is_not_the_last(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Enough(BaseException):
        """Ends a thread that nothing else ends."""

    def sleep(_: float, looks: list[int] = []) -> None:  # noqa: B006
        looks.append(1)
        if len(looks) == 3:
            raise Enough

    monkeypatch.setattr(showing.time, "sleep", sleep)
    monkeypatch.setattr(follower, "look", lambda: 1 / 0)
    with pytest.raises(Enough):
        follower.run()
    assert caplog.text.count("ZeroDivisionError: ") == 3
    assert follower.looked.is_set()


def test_staging_keeps_its_sample_job_beside(
    follower: Follower, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[object] = []
    settings.STAGE = "staging"
    monkeypatch.setattr(showing.sample_job, "keep", kept.append)
    monkeypatch.setattr(showing.time, "sleep", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        follower.run()
    assert kept == list(settings.BUSINESSES)


# --- the swap ----------------------------------------------------------------------------


def test_a_request_that_is_under_way_finishes_with_the_pages_it_began_with(
    follower: Follower,
) -> None:
    show(follower, ONE)

    def view(request: HttpRequest) -> HttpResponse:
        point(follower.store, TWO)
        follower.look()
        return HttpResponse(render_to_string("booking/book.html"))

    middleware = PagesMiddleware(view)
    assert middleware(HttpRequest()).content == b"One."
    assert render_to_string("booking/book.html") == "Two."


def test_a_card_is_never_one_of_another_release(
    follower: Follower, dana: Client, jobs: Any, tmp_path: Any
) -> None:
    """Though cards are memoised by what they show."""
    jobs.change(lambda book: book.put(make_job()))
    source = pages(tmp_path)
    card = source / "templates/dispatch/_card.html"
    card.write_text(f"<i>Of a release.</i>{card.read_text()}")
    point(follower.store, make_pack(source, surface="dashboard"))
    follower.look()
    of_release = showing.shown()
    for shown in ({}, of_release, {}):
        showing.show(shown)
        board = dana.get("/dashboard/board").content.decode()
        assert "Mark" in board
        assert ("Of a release." in board) is bool(shown)


def test_a_release_names_its_own_static_files(follower: Follower) -> None:
    tag = a_pack("{% load static %}{% static 'site/a.css' %}")
    show(follower, tag)
    assert render_to_string("booking/book.html") == f"/static/{tag.manifest.static['site/a.css']}"


def test_a_release_names_no_static_file_that_it_does_not_hold(follower: Follower) -> None:
    show(follower, a_pack("{% load static %}{% static 'site/gone.css' %}"))
    with pytest.raises(ValueError, match="holds no static file"):
        render_to_string("booking/book.html")


def test_static_files_of_earlier_pages_stay(follower: Follower) -> None:
    for pack in (ONE, TWO):
        show(follower, pack)
    follower.store.out_of_reach = True
    assert all(follower.static.path(pack.manifest.static["site/a.css"]) for pack in (ONE, TWO))


def test_healthz_says_what_shows_and_why_it_is_not_what_the_pointer_says(
    client: Client, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(follower, ONE, NEWER)
    monkeypatch.setattr(showing, "follower", lambda: follower)
    told = client.get("/healthz").json()
    assert told["releases"] == {"dashboard": "image", "track": "image", "book": ONE.id}
    assert f"PAGES_API {PAGES_API + 1}" in told["refused"]["book"]
    assert told["pointer_seen_seconds_ago"] == 0


def test_a_start_waits_for_the_first_look_but_not_for_a_slow_storage(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(follower, "run", lambda: None)  # it does not come to an end
    monkeypatch.setattr(follower.looked, "wait", waited.append)
    monkeypatch.setattr(showing, "follower", lambda: follower)
    showing.start()
    assert waited == [showing.FIRST_LOOK]
    assert showing.FIRST_LOOK <= 5


# --- static files of other releases ------------------------------------------------------

AHEAD = {f"site/file-{n}.{md5(bytes([n])).hexdigest()[:12]}.css": bytes([n]) for n in range(20)}
MADE_UP = [f"site/none-{n}.0123456789ab.css" for n in range(50)]


@pytest.fixture
def late(follower: Follower) -> Follower:
    """Its neighbour is a release ahead."""
    for name, body in AHEAD.items():
        follower.store.put(f"static/{name}", body)
    return follower


def test_a_page_of_a_neighbour_finds_all_its_files_at_once(late: Follower) -> None:
    for _ in range(2):  # visitors
        for name, body in AHEAD.items():
            path = late.static.path(name)
            assert path is not None
            with open(path, "rb") as file:
                assert file.read() == body
    assert len(late.store.asked) == len(AHEAD)


def test_made_up_names_are_no_stream_of_requests(late: Follower) -> None:
    for name in MADE_UP[:MOST_ABSENT]:
        assert late.static.path(name) is None
    for name in MADE_UP:
        with pytest.raises(StoreUnavailable):
            late.static.path(name)
    assert len(late.store.asked) == MOST_ABSENT
    late.clock.tick(1)
    assert late.static.path(next(iter(AHEAD))) is not None


def test_what_is_no_hashed_name_is_never_asked_for(late: Follower) -> None:
    for name in ("site/style.css", "../jobs.json", "site/.0123456789ab.css", ""):
        assert late.static.path(name) is None
    assert late.store.asked == []


def test_what_is_not_its_names_content_is_not_served(late: Follower) -> None:
    name = next(iter(AHEAD))
    late.store.blobs[f"static/{name}"] = b"something else"
    assert late.static.path(name) is None


def test_a_storage_that_failed_is_left_alone_for_a_while(late: Follower) -> None:
    late.store.out_of_reach = True
    for name in AHEAD:
        with pytest.raises(StoreUnavailable):
            late.static.path(name)
    late.store.out_of_reach = False
    with pytest.raises(StoreUnavailable):
        late.static.path(next(iter(AHEAD)))
    assert late.store.asked == []
    late.clock.tick(PAUSE + 0.1)
    assert late.static.path(next(iter(AHEAD))) is not None


def test_a_full_disk_is_told_as_storage_that_cannot_answer_now(
    late: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.stores.atomic.replace", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        late.static.path(next(iter(AHEAD)))
