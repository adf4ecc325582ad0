"""What a browser must take in to show this board in place of an earlier one."""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from dispatch.board.changes import Changes, changes
from dispatch.board.page import Board, Layout
from dispatch.board.shown import Group
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON

FEW = 10  # cards


class ColumnChanges(NamedTuple):
    status: Status
    heading: str  # empty: it is as it was
    cards: Changes

    @property
    def html(self) -> SafeString:
        return html_of(self.cards)


@dataclass(frozen=True)
class Changed:
    """From what the browser shows to the board as it is."""

    before: Layout
    board: Board

    @property
    def is_small(self) -> bool:
        """False where the whole board would be little more."""
        new = sum(len(run.items) for column in self.columns for run in column.cards.runs)
        return 2 * new <= sum(column.stack.count for column in self.board.columns) or new < FEW

    @cached_property
    def columns(self) -> list[ColumnChanges]:
        """Those in which anything has changed."""
        found = []
        for was, now in zip(self.before.columns, self.board.columns, strict=True):
            if was.stack is now.stack and was.when == now.when:
                continue
            heading = "" if was.head == now.head else now.heading
            cards = in_groups(was.stack.groups, now.stack.groups)
            if heading or cards:
                found.append(ColumnChanges(now.status, heading, cards))
        return found

    @property
    def bookings(self) -> str:
        """The new ones: the others the browser has heard of. Empty where there are none."""
        new = self.board.shown.bookings.items() - self.before.bookings.items()
        return JSON.encode(list(new)).decode() if new else ""

    @property
    def attention(self) -> str:
        """`none` where nothing has, `lists` where some lines have, `all` else."""
        was, now = self.before, self.board
        if was.pressing == now.pressing and was.folded == now.folded:
            return "none"
        is_alike = bool(was.pressing) == bool(now.pressing) and bool(was.folded) == bool(now.folded)
        return "lists" if is_alike and now.pressing else "all"

    @property
    def lists(self) -> list[SafeString]:
        """Of the lines that need attention: those shown, and those folded away."""
        was, now = self.before, self.board
        pairs = (was.pressing, now.pressing), (was.folded, now.folded)
        return [html_of(changes(before, lines)) for before, lines in pairs if lines]


def in_groups(before: tuple[Group, ...], now: tuple[Group, ...]) -> Changes:
    """Of a column's cards. Groups that are the same object are not looked into: they are most."""
    start, most = 0, min(len(before), len(now))
    while start < most and before[start] is now[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] is now[-1 - end]:
        end += 1
    above = now[start - 1].cards[-1].id if start else ""
    return changes(
        [*chain.from_iterable(before[start : len(before) - end])],
        [*chain.from_iterable(now[start : len(now) - end])],
        above,
    )


def html_of(changes: Changes) -> SafeString:
    """Ids of what goes; then what comes, below that which stands already."""
    parts = [f'<li class="gone" data-id="{escape(item_id)}"></li>' for item_id in changes.gone]
    for run in changes.runs:
        parts.append(f'<li class="after" data-id="{escape(run.after)}"></li>')
        parts += [item.html for item in run.items]
    return mark_safe("".join(parts))  # noqa: S308  items' own, and what is escaped
