"""An old worker waits for the youngest one to load, and for nobody else."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from qdn_site.releases import handover


@dataclass
class Worker:
    age: int
    gone: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        handover.forking(None, self)
        handover.taught(None, self)

    def handle_exit(self, signal: int, frame: object) -> None:
        self.gone.set()

    def told_to_go(self) -> bool:
        """Whether it went at once."""
        self.handle_exit(15, None)
        return self.gone.is_set()


@pytest.fixture(autouse=True)
def nobody_before_us() -> Iterator[None]:
    handover._shared[:] = bytes(len(handover._shared))
    yield
    handover._shared[:] = bytes(len(handover._shared))


def loaded(age: int) -> Worker:
    worker = Worker(age)
    handover.loaded(worker)
    return worker


def test_when_the_server_stops_every_worker_goes_at_once() -> None:
    workers = [loaded(1), loaded(2)]
    assert all(worker.told_to_go() for worker in workers)


def test_old_workers_go_on_until_the_youngest_has_loaded() -> None:
    old = [loaded(1), loaded(2)]
    new = [Worker(3), Worker(4)]
    assert not any(worker.told_to_go() for worker in old)
    assert not any(worker.told_to_go() for worker in old)  # gunicorn repeats itself
    handover.loaded(new[1])
    assert all(worker.gone.wait(5) for worker in old)


def test_the_youngest_does_not_wait_for_itself() -> None:
    loaded(1)
    assert Worker(2).told_to_go()


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "PATIENCE", 0.1)
    old = loaded(1)
    Worker(2)  # and never loads
    assert not old.told_to_go()
    assert old.gone.wait(5)
