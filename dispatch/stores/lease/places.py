"""Where a lease lies: a document beside jobs.json, or an item of their table."""

import msgspec

from dispatch.domain.stored.document import DocumentStore
from dispatch.stores.dynamodb import ABSENT, Table, equal
from dispatch.stores.lease import Held


class LeaseDocument:
    """`lease.json`. One that nobody can read is nobody's."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def load(self) -> tuple[Held, object]:
        document = self._store.load()
        try:
            return msgspec.json.decode(document.body, type=Held), document.etag
        except msgspec.MsgspecError:
            return Held(), document.etag

    def save(self, held: Held, mark: object) -> None:
        self._store.save(msgspec.json.encode(held), mark if isinstance(mark, str) else None)


class LeaseItem:
    """`LEASE#<business>`."""

    def __init__(self, table: Table, business: str) -> None:
        self._table, self._at = table, (f"LEASE#{business}", "HEAD")

    def load(self) -> tuple[Held, object]:
        item = self._table.get(*self._at) or {}
        return Held(item.get("holder", ""), item.get("beat", 0)), item

    def save(self, held: Held, mark: object) -> None:
        before = mark if isinstance(mark, dict) else {}
        then = msgspec.structs.asdict(held)
        known = {name: before[name] for name in then if name in before}
        condition = equal(**known) if known else ABSENT
        action = self._table.put(*self._at, before=known, then=then, condition=condition)
        self._table.write(action)
