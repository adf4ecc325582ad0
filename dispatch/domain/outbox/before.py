"""What a job was before it changed, for who is told of the change."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from dispatch.domain.job import Job, Window
from dispatch.domain.stored.record import utc

KINDS: Mapping[str, Any] = {"window": Window, "price": Decimal, "eta": datetime}


def before(job: Job, since: datetime) -> dict[str, Any]:
    """`window`, `price` and `eta` (the moment), each as it was before its first change at or after
    `since`, and only where it is another one now. None of what was not agreed then; what was
    stored and cannot be read is left out.
    """
    now = {
        "window": job.window,
        "price": None if job.price is UNSET else job.price,
        "eta": job.eta.at if job.eta else None,
    }
    was: dict[str, Any] = {}
    for event in reversed(job.history):
        if event.at >= since and event.changes and not event.silent:
            was |= {name: event.changes[name][0] for name in KINDS if name in event.changes}
    return {
        name: then
        for name, value in was.items()
        if (then := from_history(name, value)) is not UNSET and then != now[name]
    }


def from_history(name: str, value: Any) -> Any:
    """Of a field in `KINDS`, as JSON had it, or what an old file said instead; UNSET where that is
    nothing of the kind.
    """
    if value is None:
        return None
    try:
        read = msgspec.convert(value, KINDS[name])
        return utc(read) if isinstance(read, datetime) else read
    except ValueError:
        return UNSET
