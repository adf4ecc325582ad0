"""The archive in a table: a month is a ledger, an archived job an item."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

from boto3.dynamodb.conditions import Key

from dispatch.domain.jobbook import JobBook
from dispatch.domain.search import InTurns
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.stores.archive import READERS, Archived, Months, ReadMonth
from dispatch.stores.dynamodb import Item, Table
from dispatch.stores.table import kinds
from dispatch.stores.table.items import bytes_of
from dispatch.stores.table.ledger import TableLedger


class TableMonths(Months):
    """Of one business. A job is found by items of its own, by id and by its link."""

    def __init__(
        self, table: Table, business: str, zone: ZoneInfo, in_turns: InTurns = iter
    ) -> None:
        super().__init__(zone, in_turns)
        self._table, self._business = table, business

    def names(self) -> list[str]:
        heads = self._items(kinds.archive(self._business))
        return sorted((head["SK"] for head in heads), reverse=True)

    def ledger(self, name: str) -> TableLedger[JobBook]:
        return TableLedger(self._table, kinds.month(self._business, name))

    def read(self, names: list[str]) -> Iterator[ReadMonth]:
        with ThreadPoolExecutor(READERS) as pool:
            yield from pool.map(self._read, names)

    def _read(self, name: str) -> ReadMonth:
        try:
            revision, raws = self.ledger(name).stored()
        except UnreadableDocument as error:
            return self._told(name, None, [], str(error))
        gone = "" if revision else "it was there and is gone"
        return self._told(name, revision or None, raws, gone)

    def with_id(self, job_id: str, names: list[str]) -> tuple[str, Archived] | None:
        places = {item["SK"]: item for item in self._items(kinds.by_id(self._business, job_id))}
        for name in names:
            if name in places and (found := self._job(name, places[name])):
                return name, found
        return None

    def with_token(self, token: str, months: dict[str, int]) -> Archived | None:
        places = {item["SK"]: item for item in self._items(kinds.by_token(self._business, token))}
        for name in sorted(months, reverse=True):
            if name in places and (found := self._job(name, places[name])):
                return found if found.line.tracking_token == token else None
        return None

    def of_customer(self, by: str, text: str, names: list[str]) -> Iterator[Archived]:
        """By an index, which DynamoDB brings up to date within a second or so."""
        condition = Key(by.upper()).eq(kinds.of_customer(self._business, text))
        for item in self._table.query(condition, IndexName=f"by-{by}"):
            is_asked = item["PK"].rpartition("#")[2] in names
            if is_asked and (found := _read(bytes_of(item.get("raw", b"")))):
                yield found

    def _job(self, month: str, place: Item) -> Archived | None:
        return _read(self.ledger(month).record(place["name"]))

    def _items(self, partition: str) -> Iterator[Item]:
        return self._table.query(Key("PK").eq(partition), ConsistentRead=True)


def _read(raw: bytes | None) -> Archived | None:
    try:
        return Archived.of(raw) if raw else None
    except ValueError:
        return None
