"""Where each kind of ledger lies in a table, and what goes with its records."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, Generic

import msgspec
from msgspec import Raw

from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobBook, token_hash
from dispatch.domain.outbox.links import Links
from dispatch.domain.outbox.stops import Stops
from dispatch.domain.planning.overrides import Overrides
from dispatch.domain.roster import Member, Roster
from dispatch.domain.search import customer
from dispatch.domain.stored.ledger import UNREADABLE, Entry
from dispatch.domain.stored.record import JSON
from dispatch.stores.dynamodb import MOST_ACTIONS, Item, ItemKey
from dispatch.stores.repository import L

LONGEST_NAME = 200  # characters: of 1,024 bytes that a sort key may have

Items = Mapping[ItemKey, Item]


def _none(_: Any) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Kind(Generic[L]):
    """One ledger of a table, by its keys. See `ledger.py` for the items."""

    ledger: type[L]
    head: ItemKey
    partition: str  # of its records
    named_by: tuple[str, ...]  # stored fields that name a record's item, joined by `#`
    beside: Callable[[str, Any], Items]  # what goes with the record of that name, for looking up
    most_beside: int = MOST_ACTIONS  # of these that one change of it touches, old and new ones
    beside_by: Callable[[Any], object] = id  # as long as this is the same, none of them
    indexed: Callable[[Any], Mapping[str, str]] = _none  # its attributes, for the indexes
    traces: tuple[str, ...] = ()  # partitions whose items show that there was such a ledger
    older: ItemKey | None = None  # the item of a layout that is to be brought over first

    @property
    def log(self) -> str:
        return _log(self.partition)

    def name(self, entry: Entry[Any]) -> str:
        """Of a record's item, as long as it is no double of another's."""
        name = ""
        if entry.value is not None and self.named_by == (self.ledger.named_by,):
            name = self.ledger.key(entry.value)  # as it is stored: of thousands none is read anew
        if 0 < len(name) <= LONGEST_NAME:
            return name
        return _name(self.ledger.with_texts, self.named_by, entry.raw)

    def touched_beside(self, old: Entry[Any] | None, new: Entry[Any] | None) -> int:
        """At most so many of the items beside it go or come where one becomes the other."""
        values = [entry.value for entry in (old, new) if entry and entry.value is not None]
        is_same = len(values) == 2 and self.beside_by(values[0]) == self.beside_by(values[1])
        return 0 if is_same else self.most_beside

    def names(self, entries: Iterable[Entry[Any]]) -> dict[str, Entry[Any]]:
        """Records in their order, by the names of their items.

        A name follows from what is stored alone, readable or not; of doubles, from their order.
        """
        named = dict[str, Entry[Any]]()
        for entry in entries:
            name = unique = self.name(entry)
            number = 1
            while unique in named:
                number += 1
                unique = f"{name}/{number}"
            named[unique] = entry
        return named

    def raws(self, ledger: L) -> dict[str, bytes]:
        """The same, as they are stored."""
        return {name: entry.raw for name, entry in self.names(ledger.entries).items()}


@lru_cache(maxsize=2**11)  # each change asks for all of a month
def _name(with_texts: Callable[[Any], Any], named_by: tuple[str, ...], raw: bytes) -> str:
    try:
        fields = with_texts(msgspec.json.decode(raw, type=dict[str, Raw]))
        parts = [msgspec.json.decode(fields[field], type=str) for field in named_by]
    except (*UNREADABLE, KeyError):
        parts = []
    name = "#".join(parts)
    return name if 0 < len(name) <= LONGEST_NAME else f"?{sha256(raw).hexdigest()}"


def jobs(business: str) -> Kind[JobBook]:
    partition = f"JOBS#{business}"

    def beside(name: str, job: Job) -> Items:
        return _link(business, job, "JOBS", name)

    traces = archive(business), _log(partition), partition
    return Kind(
        JobBook,
        (partition, "HEAD"),
        partition,
        ("id",),
        beside,
        most_beside=2,
        beside_by=attrgetter("tracking_token"),
        traces=traces,
    )


def archive(business: str) -> str:
    """The partition of the heads of its months."""
    return f"ARCHIVE#{business}"


def month(business: str, month: str) -> Kind[JobBook]:
    """`month` is `2026-05`."""

    def beside(name: str, job: Job) -> Items:
        lookup = {(by_id(business, job.id), month): {"name": name}}
        return {**lookup, **_link(business, job, month, name)}

    def indexed(job: Job) -> dict[str, str]:
        found_by = customer(job).items()
        return {by.upper(): of_customer(business, text) for by, text in found_by if text}

    partition = f"{archive(business)}#{month}"
    return Kind(
        JobBook,
        (archive(business), month),
        partition,
        ("finished_at", "id"),
        beside,
        most_beside=4,  # the links, and two places of its id
        indexed=indexed,
        traces=(_log(partition), partition),
    )


def of_customer(business: str, text: str) -> str:
    """The key of an index."""
    return f"{business}#{text}"


def _log(partition: str) -> str:
    return f"LOG#{partition}"


def by_id(business: str, job_id: str) -> str:
    return f"ID#{business}#{job_id}"


def by_token(business: str, token: str) -> str:
    """The token's hash: who reads the table can open no link."""
    return f"TOKEN#{business}#{token_hash(token).hex()}"


def _link(business: str, job: Job, where: str, name: str) -> dict[ItemKey, Item]:
    token = job.tracking_token
    return {(by_token(business, token), where): {"id": job.id, "name": name}} if token else {}


def crew(business: str, *, is_named: bool = True) -> Kind[Roster]:
    """`is_named` where the address of the table names the business."""
    partition = f"CREW#{business}"
    older = f"{partition}#META" if is_named else "CREW#META"

    def beside(_: str, member: Member) -> Items:
        months: dict[str, dict[str, Any]] = {}
        for day, entry in member.availability.items():
            months.setdefault(f"{day:%Y-%m}", {})[str(day)] = entry
        return {
            (days(business), f"{month}#{member.username}"): {"days": JSON.encode(said).decode()}
            for month, said in months.items()
        }

    return Kind(
        Roster,
        (partition, "HEAD"),
        partition,
        ("username",),
        beside,
        traces=(_log(partition),),
        older=(older, "META"),
    )


def overrides(business: str) -> Kind[Overrides]:
    partition = f"SETTINGS#{business}"
    return Kind(Overrides, (partition, "HEAD"), partition, ("id",), _nothing)


def stops(business: str) -> Kind[Stops]:
    partition = f"STOPS#{business}"
    return Kind(Stops, (partition, "HEAD"), partition, ("hash",), _nothing)


def links(business: str) -> Kind[Links]:
    """Of lost ones: who asks for theirs."""
    partition = f"LINKS#{business}"
    return Kind(Links, (partition, "HEAD"), partition, ("hash",), _nothing)


def _nothing(_name: str, _value: Any) -> Items:
    return {}


def days(business: str) -> str:
    """The partition of all members' days that are not as always."""
    return f"DAYS#{business}"
