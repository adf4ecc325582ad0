"""What the cells of one row say: its window, its status, its payments, its driver."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from dispatch.domain import job_input
from dispatch.domain.business import Business, ItemOffer, Load
from dispatch.domain.job import Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.roster import Roster
from dispatch.domain.status import Status
from dispatch.domain.typed.texts import folded
from dispatch.domain.visit.money import Payment
from dispatch.spreadsheet import times
from dispatch.spreadsheet.times import NoTime, Order

METHODS = ("cash", "check", "card", "invoice", "other")
YES, NO = ("yes", "true", "y", "1", "x", "done", "completed"), ("no", "false", "n", "0", "")
ELSEWHERE = {  # statuses of Jobber, which are none of ours
    **dict.fromkeys(("upcoming", "today", "late", "active", "unscheduled"), Status.BOOKED),
    **dict.fromkeys(("has a late visit", "action required"), Status.BOOKED),
    **dict.fromkeys(("requires invoicing", "archived"), Status.COMPLETED),
}
ITEM = re.compile(r"(?:([0-9]{1,3})\s*[x×*]?\s+)?(.+)")
PAYMENT = re.compile(r"(\S+) (\S+) (\w+)")  # as our own files have it
LONG_OVER = timedelta(days=1)
Cells = Mapping[str, str]  # by field; empty ones are not there


class Values:
    """`order` is that of the figures in its days, `window` the name of that for a day without a
    time. What a value was taken for without being said is added to `hints`.
    """

    def __init__(
        self,
        business: Business,
        roster: Roster,
        *,
        order: Order,
        window: str,
        at: datetime,
        by: str,
    ) -> None:
        self.business, self.order, self.usual = business, order, window
        self.at, self.by = at, by
        self.people = {member.username: member.username for member in roster.members}
        names = [folded(member.name) for member in roster.members]
        for name, member in zip(names, roster.members, strict=True):
            if names.count(name) == 1:
                self.people.setdefault(name, member.username)

    def items(self, typed: str) -> list[dict[str, Any]]:
        """`2 × Mattress; 1 × Fridge`, as `job_input` takes them."""
        return [self._item(part) for part in re.split(r"[;\n]", typed) if part.strip()]

    def _item(self, typed: str) -> dict[str, Any]:
        found = ITEM.fullmatch(typed.strip())
        count, name = (int(found[1] or 1), found[2]) if found else (1, typed)
        return {"name": _named(self.business.items, name), "count": count}

    def load(self, typed: str) -> str:
        return _named(self.business.loads, typed)

    def window(self, cells: Cells, hints: list[str]) -> dict[str, Any] | None:
        """As `job_input` takes it. Raises NoTime."""
        typed, named = cells.get("date", ""), cells.get("window", "")
        start, end = cells.get("start", ""), cells.get("end", "")
        if not typed:
            if start or named:
                raise NoTime(_("There is a time, and no day."))
            return None
        day, rest = times.local_day(typed, self.order, self.business)
        on_day = [*self.business.windows_on(day)]
        offers = [*on_day, *(each.on(day) for each in self.business.windows)]
        offer = self._named(offers, named)
        if named and not offer:
            start = start or named  # as `8am-12pm`
        start = start or rest.strip()
        first, last = times.clocks(start) if start else ("", "")
        last = times.clock(end) if end else last
        if offer is None and first:
            offer = self._at(offers, first)
        if offer is None:
            offer = self._named(offers, self.usual) or offers[0]
            label = self.business.label_of(offer.name)
            hints.append(_("It says no time: {window} was taken.").format(window=label))
        hours = (first, last) if first and last else (offer.start, offer.end)
        told = dict(zip(("start", "end"), hours, strict=True))
        return {"date": day.isoformat(), "name": offer.name, **told}

    def _named(self, offers: Sequence[Window], named: str) -> Window | None:
        """That of this name or label."""
        asked = folded(named)
        return next(
            (w for w in offers if asked in (w.name, folded(self.business.label_of(w.name)))), None
        )

    def _at(self, offers: Sequence[Window], clock: str) -> Window:
        """Raises NoTime where there is none then."""
        for each in offers:
            if each.start <= clock < each.end:
                return each
        names = ", ".join(each.label for each in self.business.windows)
        why = _("{time} is in none of your windows ({names}).")
        raise NoTime(why.format(time=clock, names=names))

    def status(self, cells: Cells, window: Window | None, hints: list[str]) -> Status:
        """Raises InvalidInput."""
        done = folded(cells.get("completed", ""))
        if done not in (*YES, *NO):
            raise InvalidInput({"completed": _("Write yes or no.")})
        if typed := cells.get("status", ""):
            status = _status(typed)
            return Status.COMPLETED if done in YES and status.is_open else status
        if done in YES or "finished_at" in cells:
            return Status.COMPLETED
        is_over = window and self.business.span(window)[1] < self.at - LONG_OVER
        if is_over and "completed" not in cells:
            hints.append(_("Its day is over: it was taken for completed."))
            return Status.COMPLETED
        return Status.BOOKED

    def moment(self, cells: Cells, name: str) -> datetime | None:
        """Raises InvalidInput."""
        if name not in cells:
            return None
        try:
            told = times.moment(cells[name], self.order, self.business)
        except NoTime as error:
            raise InvalidInput({name: str(error)}) from None
        if told > self.at + LONG_OVER:
            raise InvalidInput({name: _("That is still to come.")})
        return min(told, self.at)

    def payments(self, cells: Cells, at: datetime) -> tuple[Payment, ...]:
        """Those that a file of ours tells one by one; else what was paid, `at`.

        Raises InvalidInput.
        """
        told = [(at, cells.get("paid", ""), cells.get("methods", ""))]
        if "payments" in cells:
            told = [self._payment(part.strip()) for part in cells["payments"].split(";")]
        return tuple(
            Payment(
                id=f"imported-{number}",
                amount=amount,
                method=method.lower() if method.lower() in METHODS else "other",
                at=then,
                by=self.by,
            )
            for number, (then, typed, method) in enumerate(told, 1)
            if (amount := job_input.amount("paid", typed, self.business))
        )

    def _payment(self, typed: str) -> tuple[datetime, str, str]:
        """`2026-05-22 320.00 cash`. Raises InvalidInput."""
        try:
            if found := PAYMENT.fullmatch(typed):
                then = times.moment(found[1], self.order, self.business)
                return min(then, self.at), found[2], found[3]
        except NoTime as error:
            raise InvalidInput({"payments": str(error)}) from None
        raise InvalidInput({"payments": _("Write each as 2026-05-23 320.00 cash.")})

    def driver(self, cells: Cells, hints: list[str]) -> str | None:
        """The username of whoever is called so, if anybody is."""
        typed = cells.get("driver", "")
        known = self.people.get(folded(typed))
        if typed and not known:
            why = _("Nobody called “{name}” is on the roster: nobody drives it yet.")
            hints.append(why.format(name=typed))
        return known


def _named(offers: Iterable[Load | ItemOffer], typed: str) -> str:
    """The name of what is called so, by its name or its label; else as it was typed."""
    asked = folded(typed)
    named = (each.name for each in offers if asked in (folded(each.name), folded(each.label)))
    return next(named, typed)


def _status(typed: str) -> Status:
    """Raises InvalidInput."""
    try:
        return ELSEWHERE.get(folded(typed)) or Status(typed)
    except ValueError:
        labels = ", ".join(status.label for status in Status)
        why = _("“{typed}” is no status; there are {labels}.")
        raise InvalidInput({"status": why.format(typed=typed, labels=labels)}) from None
