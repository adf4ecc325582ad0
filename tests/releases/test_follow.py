"""A container shows what its stage's pointer names, and on any doubt what it showed before."""

import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from dispatch.domain.document import StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.releases import pointer as pointers
from qdn_site.releases.disk import Disk
from qdn_site.releases.follow import AGAIN, Follower
from qdn_site.releases.pack import Pack
from qdn_site.releases.store import TooLarge
from tests.making import FakeClock
from tests.releases.making import FlakyStore, corrupt, make_pack, pages, publish


@pytest.fixture
def store(tmp_path: Path) -> FlakyStore:
    (tmp_path / "store").mkdir()
    return FlakyStore(tmp_path / "store")


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path / "disk")
    disk.prepare()
    return disk


@pytest.fixture
def follower(store: FlakyStore, disk: Disk, clock: FakeClock) -> Follower:
    return Follower(store, disk, PAGES_API, clock=clock)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Pack]:
    """One release after another, each with another sentence."""
    source = pages(tmp_path / "source")
    return (make_pack(source, f"Sentence {number}.") for number in range(100))


def shown(disk: Disk) -> dict[str, str]:
    return {surface: release.id for surface, release in disk.shown(PAGES_API).items()}


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_without_a_pointer_the_image_shows_and_nobody_complains(
    follower: Follower, disk: Disk
) -> None:
    assert not follower.look()
    assert shown(disk) == {}
    assert disk.said()[0] == {}


def test_the_release_that_the_pointer_names_shows(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    release = next(made)
    publish(store, release)
    assert follower.look()
    assert shown(disk) == {"book": release.id}
    template = disk.shown(PAGES_API)["book"].templates / "booking/book.html"
    assert "Sentence 0." in template.read_text()


def test_workers_start_anew_once_for_each_change(
    follower: Follower, store: FlakyStore, made: Iterator[Pack]
) -> None:
    publish(store, next(made))
    assert [follower.look() for _ in range(3)] == [True, False, False]
    publish(store, next(made))
    assert [follower.look() for _ in range(3)] == [True, False, False]


def test_another_surface_is_not_touched(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    track = make_pack(surface="track")
    publish(store, track)
    follower.look()
    publish(store, next(made))
    follower.look()
    assert shown(disk)["track"] == track.id
    assert "dashboard" not in shown(disk)


def test_a_tampered_pack_is_refused_and_what_showed_stays(
    follower: Follower,
    store: FlakyStore,
    disk: Disk,
    made: Iterator[Pack],
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, bad = next(made), next(made)
    publish(store, good)
    follower.look()
    publish(store, bad)
    corrupt(store.folder, bad)
    with caplog.at_level(logging.ERROR):
        assert not follower.look()
    assert shown(disk) == {"book": good.id}
    assert bad.id[:12] in disk.said()[0]["book"]
    assert "SHA-256 differs" in disk.said()[0]["book"]
    assert "SHA-256 differs" in caplog.text


def test_a_container_that_starts_with_a_tampered_pack_shows_the_one_before(
    store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    good, bad = next(made), next(made)
    publish(store, good)
    publish(store, bad)
    corrupt(store.folder, bad)
    assert Follower(store, disk, PAGES_API).look()
    assert shown(disk) == {"book": good.id}


def test_with_nothing_before_a_tampered_pack_the_image_shows(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    bad = next(made)
    publish(store, bad)
    corrupt(store.folder, bad)
    assert not follower.look()
    assert shown(disk) == {}
    assert "the image's own pages are shown instead" in disk.said()[0]["book"]


def test_a_pointer_to_nothing_changes_nothing(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    good = next(made)
    publish(store, good)
    follower.look()
    publish(store, next(made), with_pack=False)
    assert not follower.look()
    assert shown(disk) == {"book": good.id}
    assert "no such pack" in disk.said()[0]["book"]


def test_pages_for_newer_code_wait_and_the_newest_that_fits_shows(
    store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    first, second = next(made), next(made)
    for release in (first, second, make_pack(pages_api=PAGES_API + 1)):
        publish(store, release)
    follower = Follower(store, disk, PAGES_API)
    assert follower.look()
    assert shown(disk) == {"book": second.id}
    assert f"PAGES_API {PAGES_API + 1}" in disk.said()[0]["book"]


def test_newer_code_takes_up_the_pages_that_waited_for_it(
    store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    publish(store, next(made))
    waiting = make_pack(pages_api=PAGES_API + 1)
    publish(store, waiting)
    Follower(store, disk, PAGES_API).look()
    assert disk.shown(PAGES_API + 1) == {}  # the next image does not trust what the last one showed
    Follower(store, disk, PAGES_API + 1).look()
    assert disk.shown(PAGES_API + 1)["book"].id == waiting.id


def test_what_was_rolled_back_is_not_fallen_back_to(
    store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    good, withdrawn = next(made), next(made)
    publish(store, good)
    publish(store, withdrawn)
    document = store.document(pointers.NAME)
    before = document.load()
    pointer = pointers.decode(before)
    place = {"book": pointer.back("book", good.id)}
    moved = pointer.moved("rollback", place, function="", at=FakeClock().now(), by="joel")
    pointers.write(document, moved, before)
    publish(store, make_pack(pages_api=PAGES_API + 1))
    Follower(store, disk, PAGES_API).look()
    assert shown(disk) == {"book": good.id}


def test_storage_out_of_reach_at_the_start_means_the_images_own_pages_until_it_is_back(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    release = next(made)
    publish(store, release)
    store.out_of_reach = True
    assert not follower.look()
    assert shown(disk) == {}
    assert disk.said()[0] == {"releases": "storage out of reach; what is shown stays"}
    store.out_of_reach = False
    assert follower.look()
    assert shown(disk) == {"book": release.id}
    assert disk.said()[0] == {}


def test_storage_out_of_reach_later_changes_nothing(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    release = next(made)
    publish(store, release)
    follower.look()
    store.out_of_reach = True
    assert not follower.look()
    assert shown(disk) == {"book": release.id}
    assert "releases" in disk.said()[0]
    store.out_of_reach = False
    assert not follower.look()
    assert disk.said()[0] == {}


@pytest.mark.parametrize("body", [None, b"no json", b'{"schema": 9}'])
def test_a_pointer_that_is_gone_or_unreadable_changes_nothing(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack], body: bytes | None
) -> None:
    release = next(made)
    publish(store, release)
    follower.look()
    if body is None:
        (store.folder / pointers.NAME).unlink()
    else:
        (store.folder / pointers.NAME).write_bytes(body)
    assert not follower.look()
    assert shown(disk) == {"book": release.id}
    assert pointers.NAME in disk.said()[0]["releases"]


def test_what_was_refused_is_looked_at_again_but_not_at_every_look(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack], clock: FakeClock
) -> None:
    release = next(made)
    publish(store, release, with_pack=False)
    follower.look()
    looks = store.looks
    follower.look()
    assert store.looks == looks
    store.put(f"packs/{release.id}.tar", release.body)
    clock.tick(AGAIN)
    assert follower.look()
    assert shown(disk) == {"book": release.id}
    assert disk.said()[0] == {}


def test_a_disk_that_is_full_at_the_last_step_is_told_and_tried_again(
    follower: Follower,
    store: FlakyStore,
    disk: Disk,
    made: Iterator[Pack],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = next(made)
    publish(store, release)
    with monkeypatch.context() as patched:
        patched.setattr(disk, "show", full)
        assert not follower.look()
        assert "No space left" in disk.said()[0]["releases"]
    assert follower.look()
    assert shown(disk) == {"book": release.id}
    assert disk.said()[0] == {}


def test_a_disk_that_is_full_of_releases_shows_the_last_good_one_and_no_rubbish_stays(
    follower: Follower,
    store: FlakyStore,
    disk: Disk,
    made: Iterator[Pack],
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, late = next(made), next(made)
    publish(store, good)
    follower.look()
    publish(store, late)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        assert not follower.look()
    assert shown(disk) == {"book": good.id}
    assert "No space left" in disk.said()[0]["book"]
    assert [path.name for path in (disk.folder / "releases").iterdir()] == [good.id]
    clock.tick(AGAIN)
    assert follower.look()
    assert shown(disk) == {"book": late.id}


def test_workers_start_anew_though_the_disk_is_too_full_to_tell_healthz(
    follower: Follower,
    store: FlakyStore,
    disk: Disk,
    made: Iterator[Pack],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish(store, next(made))
    with monkeypatch.context() as patched:
        patched.setattr(disk, "say", full)
        assert [follower.look() for _ in range(3)] == [True, False, False]
    assert caplog.text.count("No space left") == 1
    follower.look()
    assert follower.refused == {}


def test_a_container_that_starts_again_shows_what_it_showed_without_asking(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    publish(store, next(made))
    follower.look()
    store.out_of_reach = True
    again = Follower(store, disk, PAGES_API)
    assert again.showing == follower.showing
    assert not again.look()


def test_half_a_release_on_the_disk_is_left_to_the_image(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    release = next(made)
    publish(store, release)
    follower.look()
    (disk.folder / "releases" / release.id / "manifest.json").unlink()
    assert disk.shown(PAGES_API) == {}


def test_half_a_release_on_the_disk_is_mended_by_a_follower_that_starts(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    release = next(made)
    publish(store, release)
    follower.look()
    (disk.folder / "releases" / release.id / "manifest.json").unlink()
    assert Follower(store, disk, PAGES_API).look()
    assert disk.shown(PAGES_API)["book"].id == release.id
    assert [path.name for path in (disk.folder / "releases").iterdir()] == [release.id]


def test_static_files_of_earlier_releases_stay(
    follower: Follower, store: FlakyStore, disk: Disk, tmp_path: Path
) -> None:
    source = pages(tmp_path / "styled")
    style = source / "static/site/style.css"
    for colour in ("red", "blue"):
        style.write_text(f"{style.read_text()}\n.x {{ color: {colour} }}")
        publish(store, make_pack(source))
        follower.look()
    assert len(list(disk.static.glob("site/style.*.css"))) == 2


def test_only_the_last_dozen_releases_are_kept_and_what_shows_is_among_them(
    follower: Follower, store: FlakyStore, disk: Disk, made: Iterator[Pack]
) -> None:
    for _ in range(15):
        publish(store, next(made))
        follower.look()
    assert len(list((disk.folder / "releases").iterdir())) == 12
    assert shown(disk) == follower.showing


AWAY = StoreUnavailable("/srv/pages cannot be read: Permission denied")
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/pages")


@pytest.mark.parametrize(
    ("of", "method", "error", "told", "logged"),
    [
        ("store", "document", AWAY, "storage out of reach", "/srv/pages"),
        ("store", "get", AWAY, "storage out of reach", "/srv/pages"),
        ("store", "get", TooLarge("/srv/pages"), "it is larger than 16,", "it is larger than 16,"),
        ("disk", "install", FULL, "this container's disk: No space left on device", "/srv/pages"),
        ("disk", "show", FULL, "this container's disk: No space left on device", "/srv/pages"),
    ],
)
def test_where_things_are_and_what_others_said_is_for_the_log_alone(
    follower: Follower,
    made: Iterator[Pack],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    of: str,
    method: str,
    error: Exception,
    told: str,
    logged: str,
) -> None:
    def fails(*_: object) -> None:
        raise error

    publish(follower.store, next(made))
    monkeypatch.setattr(getattr(follower, of), method, fails)
    assert not follower.look()
    said = str(follower.disk.said()[0])
    assert told in said
    assert "/srv" not in said
    assert logged in caplog.text


def test_healthz_says_what_shows_and_why_it_is_not_what_the_pointer_says(
    client: Client, settings: LazySettings, disk: Disk, store: FlakyStore, made: Iterator[Pack]
) -> None:
    release = next(made)
    publish(store, release)
    publish(store, make_pack(pages_api=PAGES_API + 1))
    Follower(store, disk, PAGES_API).look()
    settings.RELEASES_URL, settings.RELEASES_DIR = store.url, disk.folder
    settings.RELEASES = disk.shown(PAGES_API)
    said = client.get("/healthz").json()
    assert said["releases"] == {"dashboard": "image", "track": "image", "book": release.id}
    assert f"PAGES_API {PAGES_API + 1}" in said["refused"]["book"]
    assert said["pointer_seen_seconds_ago"] < 5
