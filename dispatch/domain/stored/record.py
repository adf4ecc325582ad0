"""Values that are kept as JSON: strict when written, and careful with what they do not know."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, get_args

import msgspec
from msgspec import UNSET, Raw

JSON = msgspec.json.Encoder(decimal_format="number")

# Stands for the halves of surrogate pairs while a document is taken apart: as long, well-formed,
# and nowhere in UTF-8.
HIDDEN = ((rb"\ud", b"\\/\xff"), (rb"\uD", b"\\/\xfe"))

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # stands for a time that a file does not say
# No pickup is older or further off; beyond them lie dates that no time zone can show.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 12, 31)
FIRST, LAST = FIRST_DAY.year, LAST_DAY.year


class Record(msgspec.Struct, frozen=True, gc=False):
    """A value that never changes. Every time in it is UTC, in whole seconds.

    Of such none can hold itself: the garbage collector need not look through them, which takes it
    40 ms for a year of jobs.
    """

    def __post_init__(self) -> None:
        for name in _dated(type(self)):
            value = getattr(self, name)
            if isinstance(value, datetime):
                if (at := utc(value)) is not value:
                    msgspec.structs.force_setattr(self, name, at)
            elif isinstance(value, date):
                _check_day(value)


@cache
def _dated(kind: type[Record]) -> list[str]:
    """The fields that may hold a time or a date: thousands of records are read at once."""
    fields = msgspec.structs.fields(kind)
    return [each.name for each in fields if {date, datetime} & {each.type, *get_args(each.type)}]


def _check_day(day: date) -> None:
    if not FIRST <= day.year <= LAST:
        raise ValueError(f"{day.isoformat()} is out of range")


def utc(moment: datetime) -> datetime:
    """Times without an offset, as old files have them, are UTC. Raises ValueError."""
    if moment.tzinfo is UTC and not moment.microsecond and FIRST <= moment.year <= LAST:
        return moment  # as nearly all are
    _check_day(moment)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    there = aware.astimezone(UTC).replace(microsecond=0)
    _check_day(there)  # it must be readable once it is written
    return there


def overlay(old: Raw | None, value: object) -> object:
    """`value` as JSON laid over what was stored, keeping every field that `value` does not know.

    A list's items keep theirs where the item itself is still the same, in the same order: lists
    here are histories and notes, which grow at the end. A mapping's keys are all its own.
    """
    if old is None or bytes(old)[:1] not in (b"{", b"["):  # that holds nothing to keep
        return value
    if isinstance(value, Record):
        return _with_fields_of(_decoded(old, dict[str, Raw]) or {}, value)
    if isinstance(value, Mapping):
        stored = _decoded(old, dict[str, Raw]) or {}
        return {str(key): overlay(stored.get(str(key)), item) for key, item in value.items()}
    if isinstance(value, tuple):
        return _overlaid(_decoded(old, list[Raw]) or [], value)
    return value


def _with_fields_of(stored: Mapping[str, Raw], value: Record) -> dict[str, object]:
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    known = {stored_as: getattr(value, name) for stored_as, name in names}
    return {key: raw for key, raw in stored.items() if key not in known} | {
        key: overlay(stored.get(key), item) for key, item in known.items() if item is not UNSET
    }


def _overlaid(items: list[Raw], values: tuple[object, ...]) -> list[object]:
    known, start, made = [_decoded(item, type(values[0])) for item in items if values], 0, []
    for value in values:
        same = next((n for n in range(start, len(known)) if known[n] == value), None)
        made.append(overlay(None if same is None else items[same], value))
        start = start if same is None else same + 1
    return made


def encode(value: Record, over: Mapping[str, Raw] | None = None) -> bytes:
    """`value` as one JSON object; the unknown fields of `over` are kept byte for byte."""
    return JSON.encode(_with_fields_of(over, value) if over else value)


def _decoded(raw: Raw | None, kind: Any) -> Any:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except msgspec.MsgspecError:
        return None


def taken_apart(body: bytes, collection: str) -> tuple[dict[str, Raw], list[bytes]]:
    """A document's own fields, and its entries in `collection`, byte for byte.

    Raises ValueError, also for a name that comes twice. Half a surrogate pair is malformed to
    msgspec wherever it is; here it may be one entry's problem alone.
    """
    try:
        return _parts(body, collection)
    except msgspec.DecodeError:
        if not any(theirs in body for theirs, _ in HIDDEN):
            raise
    for theirs, ours in HIDDEN:
        body = body.replace(theirs, ours)
    fields, raws = _parts(body, collection)
    return {name: Raw(_shown(bytes(raw))) for name, raw in fields.items()}, [*map(_shown, raws)]


def _shown(raw: bytes) -> bytes:
    for theirs, ours in HIDDEN:
        raw = raw.replace(ours, theirs)
    return raw


def _parts(body: bytes, collection: str) -> tuple[dict[str, Raw], list[bytes]]:
    head = msgspec.json.decode(body, type=dict[str, Raw] | list[Raw])
    if isinstance(head, list):
        return {}, [bytes(raw) for raw in head]
    raw = bytes(head.pop(collection, b"null"))
    # Only the little beside the entries, as this takes longer than msgspec.
    start = body.find(raw[:100])
    beside = body[:start] + b"null" + body[start + len(raw) :]
    whole = beside if body.startswith(raw, start) else body
    _once(_loaded(whole, list))
    return head, [bytes(each) for each in msgspec.json.decode(raw, type=list[Raw] | None) or ()]


def check_names(raw: bytes) -> None:
    """Raises ValueError where an object in it has a name twice: msgspec does not tell."""
    with suppress(ValueError, OverflowError, RecursionError):
        if msgspec.json.encode(msgspec.json.decode(raw)) == raw:  # as we write it: far the most
            return
    _loaded(raw, _once)


def _loaded(raw: bytes, of_pairs: Callable[[list[tuple[str, Any]]], Any]) -> Any:
    return json.loads(raw.decode(errors="replace"), object_pairs_hook=of_pairs, parse_int=str)


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Raises ValueError for a name that comes twice: what it said first would be lost."""
    if len(dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has `{twice}` twice")
