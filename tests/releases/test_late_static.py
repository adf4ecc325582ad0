"""Static files that a container has not fetched yet: a neighbour is a release ahead."""

from hashlib import md5
from pathlib import Path

import pytest

from dispatch.domain.document import DocumentStore, StoreUnavailable
from qdn_site.releases.disk import Disk
from qdn_site.static_files import MOST_ABSENT, PAUSE, LateStatic
from tests.making import FakeClock

AHEAD = {f"site/file-{n}.{md5(bytes([n])).hexdigest()[:12]}.css": bytes([n]) for n in range(20)}
MADE_UP = [f"site/none-{n}.0123456789ab.css" for n in range(50)]


class Store:
    """Has the files of `AHEAD`; counts who asks."""

    url = "memory:"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gone = False

    def get(self, name: str, most: int) -> bytes | None:
        self.asked.append(name)
        if self.gone:
            raise StoreUnavailable("gone")
        return AHEAD.get(name.removeprefix("static/"))

    def put(self, name: str, body: bytes) -> None:
        raise NotImplementedError

    def document(self, name: str) -> DocumentStore:
        raise NotImplementedError


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def late(store: Store, tmp_path: Path, clock: FakeClock) -> LateStatic:
    return LateStatic(Disk(tmp_path), store, clock)


def test_a_page_of_a_neighbour_finds_all_its_files_at_once(late: LateStatic, store: Store) -> None:
    for _ in range(2):  # visitors
        for name, body in AHEAD.items():
            path = late.path(name)
            assert path is not None
            assert Path(path).read_bytes() == body
    assert len(store.asked) == len(AHEAD)


def test_made_up_names_are_no_stream_of_requests(
    late: LateStatic, store: Store, clock: FakeClock
) -> None:
    for name in MADE_UP[:MOST_ABSENT]:
        assert late.path(name) is None
    for name in MADE_UP:
        with pytest.raises(StoreUnavailable):
            late.path(name)
    assert len(store.asked) == MOST_ABSENT
    clock.tick(1)
    assert late.path(next(iter(AHEAD))) is not None


def test_what_is_no_hashed_name_is_never_asked_for(late: LateStatic, store: Store) -> None:
    for name in ("site/style.css", "../jobs.json", "site/.0123456789ab.css", ""):
        assert late.path(name) is None
    assert store.asked == []


def test_a_storage_that_failed_is_left_alone_for_a_while(
    late: LateStatic, store: Store, clock: FakeClock
) -> None:
    store.gone = True
    for name in AHEAD:
        with pytest.raises(StoreUnavailable):
            late.path(name)
    assert len(store.asked) == 1
    store.gone = False
    clock.tick(PAUSE + 0.1)
    assert late.path(next(iter(AHEAD))) is not None
