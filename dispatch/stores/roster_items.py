"""The roster document taken apart into items of a table, and put together again.

A member is one item, `PROFILE`, and one more, `AVAIL#<date>`, for each day that is not as always;
what the document says of itself is a third kind, together with the order of the members. Here an
item is a plain mapping of JSON values; `PK` and the like are added in `roster_table.py`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from dispatch.domain.document import UnreadableDocument
from dispatch.stores.dynamodb import Item

PROFILE = "PROFILE"
AVAIL = "AVAIL#"

ItemKey = tuple[str, str]  # username; PROFILE or AVAIL#<date>

# The same items always give the same bytes, so that members who did not change are not parsed.
DOCUMENT = msgspec.json.Encoder(decimal_format="number", order="sorted")


@dataclass(frozen=True, slots=True)
class Parts:
    """A roster document in parts; `head` names the members in their order, and their versions."""

    head: Item = field(default_factory=dict)
    items: Mapping[ItemKey, Item] = field(default_factory=dict)


def day_of(key: ItemKey) -> str:
    """The date of an availability item; empty for a profile."""
    return key[1].removeprefix(AVAIL) if key[1].startswith(AVAIL) else ""


def taken_apart(body: bytes) -> Parts:
    """Raises UnreadableDocument for members that a table cannot tell apart."""
    head = json.loads(body, parse_float=Decimal) if body else {}
    items: dict[ItemKey, Item] = {}
    listed: dict[str, list[Any]] = {"members": [], "versions": []}
    for member in head.pop("members", []):
        username = _username(member)
        if (username, PROFILE) in items:
            raise UnreadableDocument(f"Two members are called {username!r}; a table keeps one.")
        listed["members"].append(username)
        listed["versions"].append(member.get("version"))
        days = member.get("availability")
        if isinstance(days, dict) and all(isinstance(day, dict) for day in days.values()):
            del member["availability"]
            items |= {(username, f"{AVAIL}{date}"): day for date, day in days.items()}
        items[username, PROFILE] = member
    return Parts(head | listed if head else {}, items)


def is_one_moment(head: Item, members: Iterable[Mapping[str, Item]]) -> bool:
    """True where each profile is the one that the head was written with.

    Reads of single items may come between the writes of one transaction.
    """
    found = [items.get(PROFILE, {}).get("version") for items in members]
    return bool(head.get("versions", found) == found)


def put_together(head: Item, members: Iterable[Mapping[str, Item]]) -> bytes:
    """The document of these members, each given as its items by their sort keys."""
    head = {name: each for name, each in head.items() if name != "versions"}
    together = []
    for items in members:
        days = {sort[len(AVAIL) :]: day for sort, day in items.items() if sort.startswith(AVAIL)}
        if PROFILE in items:
            together.append({"availability": days} | items[PROFILE])
    return DOCUMENT.encode(head | {"members": together})


def changes(before: Parts, after: Parts, since: str) -> list[ItemKey]:
    """The items that differ; days before `since` are over, and never taken away for not being
    named.
    """
    return [
        key
        for key in dict.fromkeys([*before.items, *after.items])
        if before.items.get(key) != after.items.get(key)
        and (key in after.items or not day_of(key) or day_of(key) >= since)
    ]


def _username(member: Any) -> str:
    username = member.get("username") if isinstance(member, dict) else None
    if not isinstance(username, str) or not username or "#" in username:
        raise UnreadableDocument("A member has no name of their own; a table cannot keep them.")
    return username
