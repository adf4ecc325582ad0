"""A job with a canary in every field that may hold a person, and in some that nobody knows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from dispatch.domain.job import Consent, Crew, Event, Item, Job, MessageIn, Request
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import Message
from dispatch.domain.status import Status
from dispatch.domain.stored.record import encode
from dispatch.domain.visit.money import Payment, PriceLine, Quote
from dispatch.domain.visit.photo import Kind, Photo
from tests.making import BUSINESS, NOON, make_job

CANARY = "canary"  # in every private text, and in every private number
NUMBER = "+16198675309"
NOTHING_SINGS = (CANARY.encode(), NUMBER.encode())
PHOTOS = tuple(
    Photo(id=f"{CANARY}{kind}", kind=kind, at=NOON - timedelta(days=5), by="joel") for kind in Kind
)
MOVED = {"from_": Status.BOOKED, "to": Status.BOOKED}


def canary_job(days_ago: float = 4, **fields: Any) -> Job:
    """Finished so many days before noon."""
    at = NOON - timedelta(days=days_ago)
    event = {"at": at, "by": "joel"}
    lines = (PriceLine(f"Couch of Mrs {CANARY}", Decimal(320)),)
    plain = [msgspec.to_builtins(line, builtin_types=(Decimal,)) for line in lines]
    return make_job(
        **{
            "id": "jXkL9m2pQ",
            "tracking_token": f"{CANARY}Token".ljust(32, "x"),
            "customer_name": f"Mrs {CANARY}",
            "location": f"1 {CANARY} Street",
            "postcode": CANARY,
            "phone": NUMBER,
            "email": f"{CANARY}@example.com",
            "description": f"{CANARY} couch",
            "access_notes": f"{CANARY} gate",
            "language": "es",
            "load": "half",
            "items": (Item(name="mattress", count=2),),
            "truck": "T1",
            "crew": Crew(driver="joel"),
            "window": BUSINESS.agreed_window(at.date(), "morning"),
            "status": Status.COMPLETED,
            "created_at": at - timedelta(days=2),
            "finished_at": at,
            "updated_at": at,
            "price": Decimal(320),
            "price_lines": lines,
            "payments": (
                Payment(id="p1", amount=Decimal(200), method="cash", **event),
                Payment(id="p2", amount=Decimal(120), method=f"{CANARY} check", **event),
            ),
            "photos": PHOTOS,
            "request": Request(key=f"{CANARY}-key", digest=CANARY, source=CANARY),
            "keys": {f"{CANARY}-key": at},
            "messages_in": (MessageIn(id="m", at=at, text=f"{CANARY} here", answer=CANARY),),
            "messages": (Message(id="m1", event="received", channel="sms", to=NUMBER),),
            "consent": {"sms": Consent(at=at, by=CANARY, words=f"May we text {CANARY}?")},
            "quote": Quote(
                id="q" * 9,
                amount=Decimal(320),
                lines=lines,
                answered_name=CANARY,
                answer="accepted",
            ),
            "history": (
                Event(**event, **MOVED, reason=f"no_access:{CANARY} dog"),
                Event(**event, what="edited", version=2, changes={"phone": (NUMBER, "")}),
                Event(**event, what="edited", version=3, changes={"load": ("", "half")}),
                Event(
                    **event,
                    what="quote_accepted",
                    reason=CANARY,
                    changes={"price": (600, 320), "price_lines": ([], plain)},
                ),
                Event(**event, from_=Status.IN_PROGRESS, to=Status.COMPLETED, reason=CANARY),
            ),
            **fields,
        }
    ).noted(f"{CANARY} was kind", by="joel", at=at)


def with_unknown(book: JobBook, job: Job) -> JobBook:
    """The book with the job, as a newer version stores it: with a field that this one does not
    know, in the job and in its window.
    """
    stored = msgspec.json.decode(encode(job))
    stored["nickname"] = f"{CANARY} the great"
    stored["window"]["said"] = CANARY
    return book.with_entries([JobBook.read_entry(msgspec.json.encode(stored))])
