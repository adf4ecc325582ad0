"""The benchmarks see a change that was lost, and a goal that was missed."""

import json
import socket
import threading
from collections import deque
from dataclasses import asdict
from pathlib import Path

import pytest

from bench import Row
from bench.__main__ import line, told
from bench.groups import crowd, growth, reports
from bench.groups.writers import DistantStore, naively, race
from bench.load import Sample, Visitor, errors, quantile, run
from bench.site import whole
from bench.storage import Storage
from dispatch.domain.stored.document import Document


class ForgetfulStore(DistantStore):
    """Acknowledges every write, and keeps none."""

    def save(self, body: bytes, if_match: str | None) -> Document:
        return Document(body, if_match)


def test_each_change_of_a_race_is_counted_once() -> None:
    store = DistantStore(get=0.001, put=0.001)
    raced = race(store, naively(store), writers=4, length=0.05)
    assert len(raced.seconds) > 0
    assert (raced.lost, raced.refused) == (0, 0)
    assert raced.puts >= len(raced.seconds)


def test_a_lost_change_is_seen() -> None:
    store = ForgetfulStore(get=0, put=0)
    assert race(store, naively(store), writers=4, length=0.01).lost > 0


def test_a_store_is_filled_with_open_jobs_and_years_of_finished_ones(tmp_path: Path) -> None:
    with growth.file(str(tmp_path)) as place:
        growth.fill(place(3), 3)
        filled = list(place(3).contents())
    assert filled[-1].records == growth.OPEN, "the months come first"
    assert sum(each.records for each in filled) == growth.OPEN + 3


@pytest.mark.parametrize(
    ("value", "goal", "is_met"),
    [
        (39.9, {"at_least": 40}, False),
        (40, {"at_least": 40}, True),
        (1.1, {"at_most": 1.1}, True),
        (1.2, {"at_most": 1.1}, False),
        (7, {}, True),
    ],
)
def test_a_row_meets_its_goal_or_not(value: float, goal: dict[str, float], is_met: bool) -> None:
    assert Row("changes", value, **goal).is_met is is_met


# --- load by the clock ---------------------------------------------------------------------


class Answering:
    """A server on loopback, which says this to each request, and then that, and so on."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.asked = deque(answers), list[bytes]()

    def serve(self, door: socket.socket) -> None:
        while self.answers:
            place, _ = door.accept()
            with place:
                while self.answers and (asked := place.recv(4096)):
                    self.asked.append(asked)
                    if not (answer := self.answers.popleft()):
                        break
                    place.sendall(answer)


def asked(server: Answering, times: int, *, every: float = 0.001) -> list[Sample]:
    """What came of so many requests of one visitor."""
    visitor = Visitor("poll", every, lambda: b"GET / HTTP/1.1\r\n\r\n")
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=server.serve, args=(door,), daemon=True)
        thread.start()
        return run(door.getsockname()[1], [visitor], every * (times - 0.5))


FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"


def test_an_answer_that_is_none_counts_as_an_error() -> None:
    cut_off = b""
    samples = asked(Answering(FINE, BROKEN, UNCHANGED, cut_off, FINE), 5)
    assert [sample.status for sample in samples] == [200, 500, 304, 0, 200]
    assert errors(samples) == 2


def test_an_answer_in_pieces_is_one() -> None:
    head, body = FINE.split(b"\r\n\r\n")
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
    assert whole(bytearray(head)) is None
    assert whole(bytearray(head + b"\r\n\r\n" + body[:1])) is None
    assert whole(bytearray(FINE)) == (200, {"content-length": "2"}, b"ok", len(FINE))
    assert whole(bytearray(chunks)) is None
    assert whole(bytearray(chunks + b"0\r\n\r\n"))


def test_a_slow_answer_is_seen() -> None:
    due = [Sample("poll", at, seconds, 200) for at, seconds in ((0, 3.0), (1, 2.0), (2, 0.001))]
    assert quantile(due, 0.5) == 2_000
    assert quantile(due, 0.99) == 3_000


# --- what the groups make of it ------------------------------------------------------------


def test_errors_slow_answers_and_memory_that_grows_miss_the_crowds_goals() -> None:
    fine = [Sample("boards", n, 0.01, 304) for n in range(100)]
    flat = [100.0] * 20
    assert all(row.is_met for row in crowd.rows_of(fine, flat))
    wrong = [*fine, Sample("changes", 5, 0.01, 409)]
    slow = [*fine, *(Sample("boards", n, 0.2, 200) for n in range(3))]
    for samples, memory in ((wrong, flat), (slow, flat), (fine, [100.0 + n for n in range(20)])):
        assert [row.is_met for row in crowd.rows_of(samples, memory)].count(False) == 1


def test_only_who_asked_while_a_report_was_under_way_was_kept_waiting_by_it() -> None:
    report = Sample("export", 10, 1.0, 200)
    polls = [Sample("board polls", at, 0.05, 304) for at in (9.9, 10.0, 10.9, 11.0)]
    assert [each.due for each in reports.meanwhile(polls, [report])] == [10.0, 10.9]
    quiet = [Sample("board polls", at, 0.01, 304) for at in range(4)]
    took, kept_waiting = reports.rows_of(quiet, [*polls, report])
    assert (took.value, took.is_met) == (1.0, True)
    assert kept_waiting.value == pytest.approx(5)
    assert not kept_waiting.is_met


def test_calls_are_read_as_the_storage_wrote_them(tmp_path: Path) -> None:
    log = tmp_path / "storage.log"
    log.write_text("http://127.0.0.1:1\n1.5 GET /jobs/jobs.json\n2.5 PUT /jobs/jobs.json\n")
    calls = Storage("http://127.0.0.1:1", log).calls(1, 2)
    assert [(call.method, call.path) for call in calls] == [("GET", "/jobs/jobs.json")]


def test_a_missed_goal_and_the_spread_are_told() -> None:
    row = Row("memory", 140, "MB", at_most=130, spread=4)
    assert line(row).endswith("MISSED")
    (written,) = told([("start", row)])["rows"]  # type: ignore[misc]
    assert (written["met"], written["goal"], written["spread"]) == (False, "≤ 130", 4)
    assert Row(**json.loads(json.dumps(asdict(row)))) == row, "as a group's process prints it"
