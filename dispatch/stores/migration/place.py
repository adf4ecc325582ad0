"""All the jobs of one place: those of the ledger, and every month of its archive."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dispatch.domain.jobbook import JobBook
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.stores.archive import Months
from dispatch.stores.repository import LedgerStore

MOST_NAMED = 3  # records of a difference


@dataclass(frozen=True)
class Place:
    """Where the jobs of a business are, or will be. `url` is as settings have it."""

    url: str
    jobs: LedgerStore[JobBook]
    months: Months
    _seen: list[JobBook] = field(default_factory=list)

    def book(self) -> JobBook:
        """The working set as it is now, read anew only where it has changed."""
        self._seen[:] = [self.jobs.load(*self._seen)]
        return self._seen[0]

    def ledgers(self, names: list[str]) -> Iterator[tuple[str, LedgerStore[JobBook]]]:
        """The months of these names, then what is beside them."""
        yield from ((f"archive of {name}", self.months.ledger(name)) for name in names)
        yield "open jobs and those finished lately", self.jobs

    def contents(self) -> Iterator["Content"]:
        """Raises StoreUnavailable: UnreadableDocument where one of them cannot be read."""
        names = self.months.names()
        known = self.book().archive.months
        if gone := sorted(known.keys() - {*names}):
            raise UnreadableDocument(
                f"Of the archive in {self.url} {', '.join(gone)} was there and is gone:"
                " `manage.py jobs restore` puts it back, `manage.py jobs begin` begins it anew."
            )
        for name, ledger in self.ledgers(sorted(names)):
            book = ledger.load()
            yield Content(name, len(book.entries), sum(len(entry.raw) for entry in book.entries))


class Content(NamedTuple):
    """How much a ledger holds: records, and bytes of them."""

    name: str
    records: int
    size: int


def difference(old: JobBook, new: JobBook) -> str:
    """How they differ, for people; empty where they do not."""
    said = []
    if records := _differing(old, new):
        named = ", ".join(JobBook.named(raw) for raw in records[:MOST_NAMED])
        said.append(f"{len(records)} records differ: {named}")
    elif [entry.raw for entry in old.entries] != [entry.raw for entry in new.entries]:
        said.append("the records have another order")
    was, now = _head(old), _head(new)
    if fields := sorted(name for name in {*was, *now} if was.get(name) != now.get(name)):
        said.append(f"of the document itself {', '.join(fields)}")
    if new.revision < old.revision:
        said.append(f"its revision is {new.revision}, not {old.revision} or more")
    return "; ".join(said)


def _differing(old: JobBook, new: JobBook) -> list[bytes]:
    was, now = (Counter(entry.raw for entry in book.entries) for book in (old, new))
    return list(((was - now) + (now - was)).elements())


def _head(book: JobBook) -> dict[str, bytes]:
    """What it says of itself, but for what changes by being moved."""
    return {name: bytes(raw) for name, raw in (book.extra or {}).items() if name != "migration"}
