"""What a browser must take in to show this board in place of an earlier one."""

from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import chain
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from dispatch.board.changes import Changes, alike, changes
from dispatch.board.page import Board, Layout
from dispatch.board.shown import Group
from dispatch.domain.status import Status
from dispatch.domain.stored.record import JSON

FEW = 10  # cards


class ColumnDelta(NamedTuple):
    status: Status
    heading: str  # empty: it is as it was
    cards: Changes


@dataclass(frozen=True)
class Delta:
    """From what the browser shows to the board as it is."""

    before: Layout
    board: Board

    @property
    def is_small(self) -> bool:
        """False where it would hold most of the board's cards: then the whole board is sent."""
        new = sum(len(run.items) for column in self.columns for run in column.cards.runs)
        return 2 * new <= sum(column.stack.count for column in self.board.columns) or new < FEW

    @cached_property
    def columns(self) -> list[ColumnDelta]:
        """Those in which anything has changed."""
        found = []
        for was, now in zip(self.before.columns, self.board.columns, strict=True):
            if was.stack is now.stack and was.when == now.when:
                continue
            heading = "" if was.head == now.head else now.heading
            cards = in_groups(was.stack.groups, now.stack.groups)
            if heading or cards:
                found.append(ColumnDelta(now.status, heading, cards))
        return found

    @property
    def html(self) -> SafeString:
        """As board.js reads it. Put together by hand: a template takes as long as all the rest."""
        board = self.board
        shell = (
            f'<div class="board" data-changes data-revision="{board.book.revision}"'
            f' data-etag="{escape(board.etag)}" data-member="{escape(board.member.username)}"'
            f"{self._bookings}>"
        )
        columns = [
            f'<section class="column" data-status="{column.status}">{column.heading}'
            f'<ol class="cards">{html_of(column.cards)}</ol></section>'
            for column in self.columns
        ]
        # Each part is a template's, or escaped.
        return SafeString("\n".join([shell, board.notices, self._attention, *columns, "</div>"]))

    @property
    def _bookings(self) -> str:
        """Those that the browser has not heard of yet."""
        was, now = self.before.bookings, self.board.shown.bookings
        new = () if now is was else now.items() - was.items()
        text = JSON.encode(list(new)).decode() if new else ""
        return f' data-bookings="{escape(text)}"' if new else ""

    @property
    def _attention(self) -> str | SafeString:
        """Empty where it is as it was; by lines where the same lists stay, else all of it."""
        was, now = self.before, self.board
        pairs = (was.pressing, now.pressing), (was.folded, now.folded)
        if all(before == lines for before, lines in pairs):
            return ""
        if now.pressing and all(bool(before) == bool(lines) for before, lines in pairs):
            lists = [html_of(changes(before, lines)) for before, lines in pairs if lines]
            context = {"board": now, "lists": lists}
            return render_to_string("dispatch/_attention_changes.html", context)
        return render_to_string("dispatch/_attention.html", {"board": now})


def in_groups(before: tuple[Group, ...], now: tuple[Group, ...]) -> Changes:
    """Of a column's cards. Only the groups between the first and the last that differ are compared
    card by card: nearly all groups are the very same objects.
    """
    start = alike(before, now)
    end = min(alike(before[::-1], now[::-1]), len(before) - start, len(now) - start)
    above = now[start - 1].cards[-1].id if start else ""
    return changes(
        [*chain.from_iterable(before[start : len(before) - end])],
        [*chain.from_iterable(now[start : len(now) - end])],
        above,
    )


def html_of(changes: Changes) -> SafeString:
    """As list items: the id of each that goes; then of each run the id of what it comes below, and
    what comes.
    """
    parts = [f'<li class="gone" data-id="{escape(item_id)}"></li>' for item_id in changes.gone]
    for run in changes.runs:
        parts.append(f'<li class="after" data-id="{escape(run.after)}"></li>')
        parts += [item.html for item in run.items]
    return SafeString("".join(parts))  # items' own, and what is escaped
