"""A receipt for each move that was seen to have arrived: kept beside the pointer.

A move without one was interrupted; running the command again finishes it.
"""

from datetime import datetime

import msgspec

from dispatch.domain.document import StaleWrite, StoreUnavailable
from qdn_site.releases.pointer import Move
from qdn_site.releases.store import ReleaseStore


class Receipt(msgspec.Struct, frozen=True):
    move: Move
    checked_at: datetime
    checked: tuple[str, ...]  # what was looked at, in words
    invalidations: dict[str, str]  # distribution → id of its invalidation


def keep(store: ReleaseStore, receipt: Receipt) -> None:
    """Written once; whoever finished the same move before us has said the same."""
    document = store.document(_name(receipt.move.revision))
    try:
        document.save(msgspec.json.format(msgspec.json.encode(receipt)), None)
    except StaleWrite:
        return


def find(store: ReleaseStore, revision: int) -> Receipt | None:
    document = store.document(_name(revision)).load()
    if document.etag is None:
        return None
    try:
        return msgspec.json.decode(document.body, type=Receipt)
    except msgspec.DecodeError as error:
        raise StoreUnavailable(f"{_name(revision)} cannot be read: {error}") from error


def _name(revision: int) -> str:
    return f"receipts/{revision:06}.json"
