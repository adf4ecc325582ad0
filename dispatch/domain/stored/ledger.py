"""A document of many records: the jobs of a business, or its crew.

What a ledger reads it keeps: fields it does not know, on the document or on a record, and
entries it cannot read at all, are written back as they were.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

import msgspec
from msgspec import Meta, Raw

from dispatch.domain.stored.document import UnreadableDocument
from dispatch.domain.stored.record import JSON, Record, check_names, encode, taken_apart, utc
from dispatch.domain.typed.texts import BYTE_ORDER_MARK

log = logging.getLogger(__name__)

# What decoding raises for input that is not ours: msgspec's errors are ValueErrors; the others
# are for nesting without end, and for a number that is too large to be written again.
UNREADABLE = (ValueError, RecursionError, OverflowError)
# Looked for as zeros: a pattern of digits takes thirty times as long, a tenth of reading a record.
DIGITS, LARGE_NUMBER = bytes.maketrans(b"123456789", b"0" * 9), b"0" * 19
WHOLE_NUMBER = re.compile(rb"(-?[0-9]+)(\.0+)?")

R = TypeVar("R", bound=Record)
K = TypeVar("K")
# It fits into 64 bits, for whoever reads it.
LAST_REVISION = 2**62
Revision = Annotated[int, Meta(ge=0, le=LAST_REVISION)]
LAST_VERSION = 10**4_000  # Python reads no number of more than 4,300 digits

# A writer whose answer was lost finds its own id here, even when others wrote after it.
REMEMBERED_WRITES = 200


@dataclass(frozen=True, slots=True)
class Entry(Generic[R]):
    """One record as it is stored, with what was read from it, or why it could not be."""

    raw: bytes
    value: R | None
    problem: str = ""


@dataclass(frozen=True)
class Ledger(Generic[R]):
    """Schema, revision and entries. Never changed: every verb returns the next ledger."""

    schema: ClassVar[int]
    collection: ClassVar[str]
    record: ClassVar[type[Any]]
    decoder: ClassVar[msgspec.json.Decoder[Any]]
    named_by: ClassVar[str] = "id"
    texts: ClassVar[Set[str]] = frozenset()  # fields
    mended_by: ClassVar[str]  # for people: what helps where it was there and is gone

    entries: tuple[Entry[R], ...] = ()
    revision: int = 0
    recent_writes: tuple[str, ...] = ()
    updated_at: datetime | None = None
    extra: Mapping[str, Raw] | None = None
    etag: str | None = field(default=None, compare=False)  # of what is stored; None: nothing is

    def __init_subclass__(cls) -> None:
        """msgspec plans how to read a class when first asked: two threads at once would crash."""
        cls.decoder = msgspec.json.Decoder(cls.record, strict=False)

    @classmethod
    def canonical(cls, fields: Mapping[str, Raw]) -> Mapping[str, Raw]:
        """The stored fields of one record under today's names; the same mapping if they are."""
        return fields

    @classmethod
    def with_texts(cls, fields: Mapping[str, Raw]) -> Mapping[str, Raw]:
        """With text where a text field has a whole number, as other programs write them."""
        numbers = {
            name: Raw(b'"%s"' % number[1])
            for name in cls.texts & fields.keys()
            if (number := WHOLE_NUMBER.fullmatch(bytes(fields[name])))
        }
        return {**fields, **numbers}

    @classmethod
    def key(cls, value: R) -> str:
        """The record's name within its document."""
        return str(getattr(value, cls.named_by))

    def value(self, key: str) -> R | None:
        index = self.index.get(key)
        return None if index is None else self.entries[index].value

    def entry(self, key: str) -> Entry[R] | None:
        """A record as it is stored; the first unreadable one that bears this key, if any does."""
        for entry in self.entries:
            if entry.value is None and self.named(entry.raw) == f"entry {key!r}":
                return entry
        index = self.index.get(key)
        return None if index is None else self.entries[index]

    def index_by(self, key: Callable[[R], K]) -> dict[K, int]:
        return {
            key(entry.value): place
            for place, entry in enumerate(self.entries)
            if entry.value is not None
        }

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each record among the entries, by its key."""
        return self.index_by(self.key)

    @cached_property
    def values(self) -> tuple[R, ...]:
        return tuple(entry.value for entry in self.entries if entry.value is not None)

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(entry.problem for entry in self.entries if entry.problem)

    @property
    def broken(self) -> dict[int, Entry[R]]:
        """The entries that cannot be read, by their number: their place in the document, from 1."""
        return {
            number: entry for number, entry in enumerate(self.entries, 1) if entry.value is None
        }

    def without_broken(self, raws: Set[bytes]) -> Self:
        """Without such of these entries as cannot be read; itself where it has none of them."""
        entries = tuple(
            entry for entry in self.entries if entry.value is not None or entry.raw not in raws
        )
        return self if len(entries) == len(self.entries) else replace(self, entries=entries)

    def put(self, *values: R) -> Self:
        """With these records in it, each new, or in the place of the one with its key.

        Raises msgspec.ValidationError for a record that could not be read again.
        """
        entries = list(self.entries)
        for value in values:
            place = self.index.get(self.key(value))
            if place is None:
                entries.append(self._entry(encode(value)))
            else:
                entries[place] = self.rewritten(entries[place], value)
        after = replace(self, entries=tuple(entries))
        if len(entries) == len(self.entries):  # each in its place; thousands are not indexed anew
            after.__dict__["index"] = self.index
        return after

    @classmethod
    def rewritten(cls, entry: Entry[R], value: R) -> Entry[R]:
        """With this next state of the record, and what is stored of it besides."""
        stored = msgspec.json.decode(entry.raw, type=dict[str, Raw])
        return cls._entry(encode(value, over=cls.canonical(stored)))

    def with_entries(self, entries: Iterable[Entry[R]]) -> Self:
        """With these records as they are stored, each new or in the place of its key's."""
        mine, index = list(self.entries), self.index
        for entry in entries:
            place = None if entry.value is None else index.get(self.key(entry.value))
            if place is None:
                mine.append(entry)
            else:
                mine[place] = entry
        return replace(self, entries=tuple(mine))

    def including(self, other: Self) -> Self:
        """With those of another ledger's entries that are not here yet, unreadable ones too."""
        keys = {key for value in self.values for key in self.unique(value)}
        raws = {entry.raw for entry in self.entries}
        new = tuple(
            entry
            for entry in other.entries
            if entry.raw not in raws
            and not (entry.value is not None and keys & self.unique(entry.value))
        )
        extra = dict(other.extra or {}) | dict(self.extra or {})
        return replace(self, entries=self.entries + new, extra=extra) if new else self

    def without(self, keys: Set[str]) -> Self:
        """Without these records; itself where it has none of them."""
        entries = tuple(
            entry
            for entry in self.entries
            if entry.value is None or self.key(entry.value) not in keys
        )
        return self if len(entries) == len(self.entries) else replace(self, entries=entries)

    @classmethod
    def _entry(cls, raw: bytes) -> Entry[R]:
        value = cls.decoder.decode(raw)
        if LARGE_NUMBER in raw.translate(DIGITS):
            encode(value)
        return Entry(raw, value)

    def written(self, write_id: str, at: datetime) -> Self:
        """As the write named `write_id` leaves it. Raises UnreadableDocument after the last."""
        return replace(
            self,
            revision=following(self.revision, LAST_REVISION),
            recent_writes=(*self.recent_writes, write_id)[-REMEMBERED_WRITES:],
            updated_at=at.replace(microsecond=0),
        )

    def encode(self) -> bytes:
        """The document as UTF-8 JSON, a record a line, so that people can read and diff it."""
        lines = b",\n".join(entry.raw for entry in self.entries)
        return self.head()[:-1] + b',"%s":[\n%s\n]}\n' % (self.collection.encode(), lines)

    def head(self) -> bytes:
        """All that the document says of itself, beside its records, as a JSON object."""
        head = {
            "schema": self.schema,
            "revision": self.revision,
            "write_id": self.recent_writes[-1] if self.recent_writes else "",
            "recent_writes": self.recent_writes,
            "updated_at": self.updated_at,
        }
        return JSON.encode(head | dict(self.extra or {}))

    @classmethod
    def decode(cls, body: bytes, before: Self | None = None) -> Self:
        """Read a document; records unchanged since `before` are taken over, not parsed again.

        Raises UnreadableDocument where nothing may be written over it.
        """
        return cls.put_together(*cls._taken_apart(body), before)

    @classmethod
    def opened(cls, body: bytes) -> tuple[Self, list[bytes]]:
        """A document without its records, and those as they are stored.

        Raises UnreadableDocument.
        """
        head, raws = cls._taken_apart(body)
        return cls._headed(head)[0], raws

    @classmethod
    def put_together(
        cls, head: Mapping[str, Raw], raws: Iterable[bytes], before: Self | None = None
    ) -> Self:
        """Of what it says of itself and its records, as `decode`."""
        ledger, schema = cls._headed(head)
        # A double may have been cured since by the going of the other: those are read again.
        known = {entry.raw: entry for entry in before.entries if entry.value} if before else {}
        entries = (known.get(raw) or cls._read(raw, schema) for raw in raws)
        return replace(ledger, entries=tuple(cls._without_doubles(entries)))

    @classmethod
    def _taken_apart(cls, body: bytes) -> tuple[Mapping[str, Raw], list[bytes]]:
        body = body.removeprefix(BYTE_ORDER_MARK)
        if not body.strip():
            raise UnreadableDocument(f"The {cls.collection} document is empty: it is no JSON.")
        try:
            return taken_apart(body, cls.collection)
        except UNREADABLE as error:
            raise cls._not_ours(error) from error

    @classmethod
    def _headed(cls, head: Mapping[str, Raw]) -> tuple[Self, int]:
        """The ledger that says this of itself, still without records, and its schema."""
        fields = dict(head)
        try:
            schema = _take(fields, "schema", int, 1)
            revision = _take(fields, "revision", Revision, 0)
            write_id = _take(fields, "write_id", str, "")
            recent = _take(fields, "recent_writes", tuple[str, ...], (write_id,) * bool(write_id))
            updated_at = _take(fields, "updated_at", datetime, None)
            updated_at = updated_at and utc(updated_at)
        except UNREADABLE as error:
            raise cls._not_ours(error) from error
        if schema > cls.schema:
            raise UnreadableDocument(
                f"The {cls.collection} document has schema {schema}; this version writes"
                f" {cls.schema}. Deploy the version that knows it; nothing is overwritten."
            )
        ledger = cls(revision=revision, recent_writes=recent, updated_at=updated_at, extra=fields)
        return ledger, schema

    @classmethod
    def _not_ours(cls, error: Exception) -> UnreadableDocument:
        return UnreadableDocument(f"The {cls.collection} document is not ours: {error}.")

    @classmethod
    def read_entry(cls, raw: bytes) -> Entry[R]:
        """Of a document of today's schema."""
        return cls._read(raw, cls.schema)

    @classmethod
    def _read(cls, raw: bytes, schema: int) -> Entry[R]:
        try:
            stored = msgspec.json.decode(raw, type=dict[str, Raw])
            check_names(raw)
            fields = cls.canonical(stored)
            try:
                entry = cls._entry(raw if fields is stored else JSON.encode(fields))
            except msgspec.ValidationError:
                fields = cls.with_texts(fields)
                entry = cls._entry(JSON.encode(fields))
        except UNREADABLE as error:
            why = " ".join(str(error).split())
            return Entry(raw, None, f"{cls.named(raw)}: {why}")
        if entry.value is not None and (schema < cls.schema or fields is not stored):
            return Entry(encode(entry.value, over=fields), entry.value)
        return entry

    @classmethod
    def _without_doubles(cls, entries: Iterable[Entry[R]]) -> Iterable[Entry[R]]:
        """The first of two records with one key counts; the second is reported and kept."""
        seen: set[str] = set()
        for entry in entries:
            keys = cls.unique(entry.value) if entry.value else set()
            if seen & keys:
                twice = f"{cls.named(entry.raw)}: its id or link is used twice"
                yield Entry(entry.raw, None, twice)
            else:
                seen |= keys
                yield entry

    @classmethod
    def named(cls, raw: bytes) -> str:
        """A broken entry's name for a message: its id if it has one, else how it begins."""
        try:
            stored = cls.with_texts(msgspec.json.decode(raw, type=dict[str, Raw]))
            return f"entry {msgspec.json.decode(stored[cls.named_by])!r}"
        except (*UNREADABLE, KeyError):
            return f"entry {raw[:20].decode(errors='replace')}"

    @classmethod
    def unique(cls, value: R) -> set[str]:
        """Values that no other record may share with this one."""
        return {cls.key(value)}


def _take(fields: dict[str, Raw], name: str, kind: Any, default: Any) -> Any:
    raw = fields.pop(name, None)
    if raw is None or bytes(raw) == b"null":
        return default
    return msgspec.json.decode(raw, type=kind)


def following(number: int, last: int = LAST_VERSION) -> int:
    """The next version. Raises UnreadableDocument where nobody could read it again."""
    if number >= last:
        raise UnreadableDocument("It counts so high that no more can be read; nothing was written.")
    return number + 1
