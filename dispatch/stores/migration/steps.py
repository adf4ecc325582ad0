"""From one place to another while reads go on, and back again.

| step | the old place | the new place |
|---|---|---|
| | takes changes | has nothing, or what an earlier move of the same jobs has left |
| claim | | `source`: refuses changes |
| mark | `to`: refuses changes; then each month, before it is copied | |
| copy, compare | | |
| switch | | takes changes |

Claim, mark and switch are compare-and-swaps of the ledger itself, so that no other write slips in
between. Killed at any step it goes on when run again, or goes back: the new place is claimed by no
id, so that nobody who is still at it can switch; then the old one takes changes again.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.jobbook import JobBook, Migration
from dispatch.domain.stored.document import MigrationRefused, StaleWrite, StoreUnavailable
from dispatch.domain.stored.ledger import Ledger
from dispatch.stores.migration.place import Content, Place, difference
from dispatch.stores.repository import LedgerStore

TRIES = 100  # of a write that others outrun


@dataclass(frozen=True)
class Move:
    old: Place
    new: Place
    now: Callable[[], datetime]

    def check(self) -> tuple[JobBook, JobBook] | None:
        """What is in both places; None where all of it is done.

        Raises MigrationRefused, StoreUnavailable.
        """
        book, there = self.old.book(), self.new.book()
        here, known = book.migration, there.migration
        is_related = bool({*here.ids} & {*known.ids})
        if here.to and is_related and not known.refusal:
            return None
        if str(self.old.jobs) == str(self.new.jobs):
            raise MigrationRefused(f"The jobs are in {self.new.url} already.")
        if book.etag is None:
            raise MigrationRefused(f"There are no jobs in {self.old.url} that could be moved.")
        if here.source:
            raise MigrationRefused(here.refusal)
        is_empty = self._is_empty(there) and not known.to
        if here.to and not (_is_claimed(known, here) or (is_empty and here.to == self.new.url)):
            raise MigrationRefused(
                f"The jobs of {self.old.url} go to {here.to}: finish that with --to, or take it"
                " back with --back."
            )
        if not (here.to or is_empty or (known.refusal and is_related)):
            raise MigrationRefused(
                f"{self.new.url} holds other jobs; nothing was changed. Move to an empty place."
            )
        if known.to and there.recent_writes[-1:] != (known.id,):
            raise MigrationRefused(
                f"An older version of this program has written to {self.new.url} since the jobs"
                " were moved from there, and that would be lost. Move to an empty place."
            )
        return book, there

    def _is_empty(self, there: JobBook) -> bool:
        return there.is_new and not self.new.months.names()

    def plan(self) -> list[Content]:
        """All that is to be copied; nothing where that is done. Raises as `check` does."""
        return list(self.old.contents()) if self.check() else []

    # --- there ---------------------------------------------------------------------------

    def forward(self) -> Iterator[str]:
        """Says what it has done. Raises as `check` does; run again it goes on."""
        checked = self.check()
        if checked is None:
            return
        list(self.old.contents())  # what is damaged is told before anything is changed
        here = self._begun(*checked)
        yield f"{self.old.url} refuses changes from now on"
        names = sorted({*self.old.months.names(), *self.new.months.names()})
        both = list(zip(self.old.ledgers(names), self.new.ledgers(names), strict=True))
        for number, ((name, old), (_, new)) in enumerate(both, 1):
            source = self._marked(old, here)
            self._copy(source, new, here)
            yield f"{number}/{len(both)} {name}: {len(source.entries)} copied"
        yield "Now every record is read again there, and compared"
        for (name, old), (_, new) in both:  # what is open comes last
            compared = _compare(name, old, new)
        if begun := {*self.old.months.names()} - {*names}:
            raise MigrationRefused(f"{', '.join(begun)} was begun meanwhile: run this again.")
        self._switch(compared, here)
        yield "Nothing differs"

    def _begun(self, book: JobBook, there: JobBook) -> Migration:
        """Claim the new place and mark the old one, as they were checked."""
        here = book.migration
        if here.to and there.migration.source and here.id == there.migration.id:
            return here
        if here.to:
            marked = self._mark(here, self.new.url)
            self._claim(there, marked.id)
            return marked
        move_id = _new_id()
        self._claim(there, move_id)  # first: it may be that nothing can be written there
        return self._mark(here, self.new.url, move_id)

    def _mark(self, here: Migration, to: str, move_id: str = "") -> Migration:
        """With a new id nobody who is at it goes on."""
        marked = Migration(id=move_id or _new_id(), to=to, past=here.ids)

        def mark(book: JobBook) -> JobBook:
            if book.migration == marked:  # written, and its answer was lost
                return book
            _expect(book, here)
            return self._as(book, marked, marked.id)

        _swap(self.old.jobs, mark)
        return marked

    def _claim(self, there: JobBook, move_id: str) -> None:
        claimed = Migration(id=move_id, source=self.old.url, past=there.migration.ids)
        self._commit(there, self._as(there, claimed, _new_id()))

    def _commit(self, there: JobBook, after: JobBook) -> None:
        try:
            self.new.jobs.commit(there, after)
        except StaleWrite as error:
            if self.new.book().migration == after.migration:  # it was this very write
                return
            raise MigrationRefused(
                f"Somebody else has just written to {self.new.url}. Look at it, and try again."
            ) from error

    def _marked(self, old: LedgerStore[JobBook], here: Migration) -> JobBook:
        """A month that refuses changes from now on, as it is then; or what does so already."""
        mine = Migration(id=here.id, to=here.to)

        def mark(book: JobBook) -> JobBook:
            if book.etag is None or book.migration in (mine, here):
                return book
            _expect(self.old.book(), here)
            return self._as(book, mine, here.id)

        return _swap(old, mark)

    def _copy(self, source: JobBook, new: LedgerStore[JobBook], here: Migration) -> None:
        """Of what was copied already nothing is written."""

        def copy(target: JobBook) -> JobBook:
            _expect(self.old.book(), here)
            _expect_claim(self.new.book(), here)  # while it is, `target` is nobody's
            claim = target.migration if target.migration.source else Migration()
            is_copied = source.recent_writes == target.recent_writes and target.migration == claim
            if is_copied and not difference(source, target):
                return target
            revision = max(source.revision, target.revision + 1)  # browsers hold it
            copied = replace(source, revision=revision, etag=target.etag)
            return copied.with_migration(claim)

        _swap(new, copy)

    def _switch(self, compared: JobBook, here: Migration) -> None:
        _expect(self.old.book(), here)
        _expect_claim(compared, here)
        past = tuple(dict.fromkeys((*compared.migration.past, *here.past)))
        after = _put_right_soon(compared)
        self._commit(compared, self._as(after, Migration(id=here.id, past=past), here.id))

    # --- and back ------------------------------------------------------------------------

    def check_back(self) -> tuple[Migration, JobBook]:
        """What the old place knows, and what is in the new one.

        Raises MigrationRefused, StoreUnavailable.
        """
        here, there = self.old.book().migration, self.new.book()
        known = there.migration
        if not here.to:
            raise MigrationRefused(f"The jobs of {self.old.url} are not moved anywhere.")
        is_empty = self._is_empty(there) and (known.source or not known.ids)
        is_unchanged = known.id in here.ids and there.recent_writes[-1:] == (known.id,)
        if not (_is_claimed(known, here) or is_empty or (is_unchanged and not known.refusal)):
            raise MigrationRefused(
                f"{self.new.url} has been written to since the jobs went there, and that would be"
                " lost. Move them from there to here: set QDN_JOBS_URL to it, and then"
                " `manage.py jobs migrate --to` this place."
            )
        return here, there

    def back(self) -> None:
        """Raises as `check_back` does; run again it goes on."""
        here, there = self.check_back()
        if there.etag is not None:
            self._claim(there, "")  # nobody can switch it any more
        here = self._mark(here, here.to)  # and nobody mark a month
        for name in self.old.months.names():
            _swap(self.old.months.ledger(name), self._opened)

        def take_back(book: JobBook) -> JobBook:
            _expect(book, here)
            return self._as(_put_right_soon(book), Migration(past=here.ids), _new_id())

        _swap(self.old.jobs, take_back)

    def _opened(self, month: JobBook) -> JobBook:
        """Written in any case: who is about to mark it is outrun."""
        return month if month.etag is None else self._as(month, Migration(), _new_id())

    def _as(self, book: JobBook, migration: Migration, write_id: str) -> JobBook:
        """The book's next version, which `JobBook.written` may refuse to make."""
        return Ledger.written(book.with_migration(migration), write_id, self.now())


def _put_right_soon(book: JobBook) -> JobBook:
    """A job that was being reopened when changes were refused is open in its month alone: the
    next look at the archive brings it here.
    """
    return book.with_archive(day=None, claim="")


def _is_claimed(known: Migration, here: Migration) -> bool:
    """The new place was last claimed for a move from the old one, and not switched since."""
    return bool(known.source) and not {*known.ids[-1:]}.isdisjoint(here.ids)


def _expect(book: JobBook, here: Migration) -> None:
    if book.migration != here:
        raise MigrationRefused("Somebody else is at it: nothing more was changed here.")


def _expect_claim(book: JobBook, here: Migration) -> None:
    if not (book.migration.source and book.migration.id == here.id):
        raise MigrationRefused("Somebody else is at it: nothing more was changed here.")


def _compare(name: str, old: LedgerStore[JobBook], new: LedgerStore[JobBook]) -> JobBook:
    """Both read anew; what is in the new place."""
    copied = new.load()
    if found := difference(old.load(), copied):
        raise MigrationRefused(
            f"In the {name} {found}. The old place goes on refusing changes: run this again, or"
            " take it back with --back."
        )
    return copied


def _new_id() -> str:
    return secrets.token_urlsafe(9)


def _swap(store: LedgerStore[JobBook], fn: Callable[[JobBook], JobBook]) -> JobBook:
    """What `fn` makes of the newest version, as it is stored."""
    for _ in range(TRIES):
        before = store.load()
        after = fn(before)
        if after is before:
            return before
        with suppress(StaleWrite):
            return store.commit(before, after)
    raise StoreUnavailable("Others are always faster; nothing was changed. Try again.")
