"""Whatever is done to a job, and whenever: what its customer was told last is how it is."""

from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch import jobs as verbs
from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.moves import UNDO, IllegalMove
from dispatch.domain.outbox.message import Channel, Composed, Message, NotSent
from dispatch.domain.status import Status
from dispatch.outbox.sender import Sender
from tests.making import BUSINESS, DANA, FakeClock
from tests.post.carriers import FakeCarrier
from tests.stores.troubled import InMemory
from tests.web.test_outbox import A_MINUTE, NEXT_WEEK, booked, no_links, run_until_quiet

pytestmark = pytest.mark.long

STEPS = 40
PAUSES = (0, 1, 5, 30, 59, 60, 61, 62, 300)  # seconds
DAYS = [replace(NEXT_WEEK, date=NEXT_WEEK.date + timedelta(days=more)) for more in range(3)]
TO = (Status.PENDING, Status.BOOKED, Status.READY_FOR_PICKUP, Status.CANCELLED)


def as_it_is(business: Business, job: Job, message: Message, to: str, at: Any) -> Composed:
    return Composed(text=f"{job.window and job.window.date}", subject=message.event)


def busy() -> None:
    raise NotSent("busy")


@pytest.mark.parametrize("seed", range(150))
def test_what_was_told_last_is_how_it_is(
    jobs: InMemory, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    mail, chance = FakeCarrier(), Random(seed)
    monkeypatch.setattr(wiring, "carriers", lambda _business: {Channel.EMAIL: mail})
    job, mine = booked(), Sender(BUSINESS, as_it_is, no_links)

    def edit() -> None:
        if jobs.read().job(job.id).status.is_open:
            window = {"window": chance.choice(DAYS)}
            verbs.edit(BUSINESS, job.id, window, by=DANA, insist=True)

    def move() -> None:
        to, how = chance.choice(TO), {"reason": "they called", "insist": True}
        verbs.move(BUSINESS, job.id, to, by=DANA, **how)  # type: ignore[arg-type]

    def undo() -> None:
        last = jobs.read().job(job.id).last_move
        if last and last.reason != UNDO:  # to take back what was taken back is told to nobody
            verbs.undo(BUSINESS, job.id, by=DANA)

    def edit_on_the_way() -> None:
        mail.before.append(edit)

    def fail() -> None:
        mail.before.append(busy)

    acts = [edit, edit, edit, move, move, undo, edit_on_the_way, fail]
    for _ in range(STEPS):
        with suppress(IllegalMove):
            chance.choice(acts)()
        clock.tick(chance.choice(PAUSES))
        if chance.random() < 0.7:
            mine.run()
    mail.before.clear()
    for _ in range(24 * 4):  # over the quiet hours, until nothing waits
        clock.tick(15 * A_MINUTE)
        run_until_quiet(mine)
    told = [(each.event, each.composed.text) for each in mail.taken if each.composed]
    now = jobs.read().job(job.id)
    if now.status is Status.CANCELLED:
        assert told[-1][0] == "cancelled"
    if now.still_coming and now.window:
        assert told[-1][1] == f"{now.window.date}"
    assert len({each.id for each in mail.taken}) == len(mail.taken)
