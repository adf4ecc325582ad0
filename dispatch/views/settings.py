"""The owner at the wheel: closed days, windows' places and prices, without a deployment."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dispatch import overrides, wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Window
from dispatch.domain.permissions import Permission
from dispatch.domain.planning import schedule
from dispatch.domain.planning.overrides import Change, Override
from dispatch.domain.planning.schedule import Room
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import LOOK_BELOW, not_written
from dispatch.explain.words import slot_text
from dispatch.forms.settings import DayForm, LimitForm, PricesForm
from dispatch.http import SiteRequest, crew_only, see_other
from dispatch.templatetags.formats import day_text, own

MOST_CHANGES = 50  # that are shown


class ClosedDay(NamedTuple):
    """A day to come on which the business is closed, and the open jobs that it has all the same."""

    day: date
    jobs: int


class LimitedWindow(NamedTuple):
    window: Window
    room: Room

    @property
    def day(self) -> date:
        return self.window.date


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.KEEP_SETTINGS)
def settings(request: SiteRequest) -> HttpResponse:
    """`do`: `close` or `open` a day, `limit` or `unlimit` a window, or set `prices`."""
    if request.method != "POST":
        return _page(request)
    step = STEPS.get(request.POST.get("do", ""))
    if step is None:
        return _page(request, 422, _("Say what is to be done."))
    try:
        return step(request)
    except StoreUnavailable as error:
        return _page(request, 503, not_written(error))


def _close(request: SiteRequest) -> HttpResponse:
    form = DayForm(request.POST, today=_today(request))
    if not form.is_valid():
        return _page(request, 422, str(LOOK_BELOW), day_form=form)
    day = form.cleaned_data["date"]
    is_closing = request.POST["do"] == "close"
    step = overrides.close if is_closing else overrides.open_again
    step(request.business, day, by=request.user.actor)
    told = day_text(day, request.business)
    if not is_closing:
        return _done(request, format_html(_("We work on {} as usual."), told))
    jobs = ngettext(
        "{} is closed now. {} job is booked then and stays as it is: give it another day.",
        "{} is closed now. {} jobs are booked then and stay as they are: give them another day.",
        count := _jobs_on(request, day),
    )
    words = jobs if count else _("{} is closed now; no job is booked then.")
    return _done(request, format_html(words, told, count))


def _limit(request: SiteRequest) -> HttpResponse:
    business, is_limit = request.business, request.POST["do"] == "limit"
    sent = request.POST if is_limit else {**request.POST.dict(), "places": "0"}
    form = LimitForm(sent, business=wiring.as_in_file(business), today=_today(request))
    if not form.is_valid():
        return _page(request, 422, str(LOOK_BELOW), limit_form=form)
    day, name = form.cleaned_data["date"], form.cleaned_data["window"]
    places = form.cleaned_data["places"] if is_limit else None
    overrides.limit(business, day, name, places, by=request.user.actor)
    window, then = business.agreed_window(day, name), slot_text(day, name, business)
    (room,) = _rooms(request, [window]) if window else (Room(0, 0),)
    words = _("{}: {} of {} places are taken.")
    if room.excess:
        words = _("{}: {} of {} places are taken, {} too many: give jobs another time.")
    return _done(request, format_html(words, then, room.taken, room.places, room.excess))


def _set_prices(request: SiteRequest) -> HttpResponse:
    form = _prices_form(request, request.POST)
    if not form.is_valid():
        return _page(request, 422, str(LOOK_BELOW), prices_form=form)
    try:
        count = overrides.set_prices(request.business, form.wanted(), by=request.user.actor)
    except overrides.PriceConflict as conflict:
        form.add_conflict(conflict)
        return _page(request, 409, str(LOOK_BELOW), prices_form=form)
    words = ngettext(
        "{} price is new. Jobs that are booked keep theirs.",
        "{} prices are new. Jobs that are booked keep theirs.",
        count,
    )
    return _done(request, format_html(words if count else _("Every price is as it was."), count))


STEPS: dict[str, Callable[[SiteRequest], HttpResponse]] = {
    "close": _close,
    "open": _close,
    "limit": _limit,
    "unlimit": _limit,
    "prices": _set_prices,
}


def _done(request: SiteRequest, words: SafeString) -> HttpResponse:
    messages.success(request, words)
    return see_other("settings")


def _prices_form(request: SiteRequest, data: Any = None) -> PricesForm:
    business = request.business
    return PricesForm(data, business=business, in_file=wiring.as_in_file(business))


def _page(request: SiteRequest, status: int = 200, said: str = "", **forms: Any) -> HttpResponse:
    """`forms` keep what was typed."""
    business, today = request.business, _today(request)
    roster = wiring.roster(business).read()
    changes = [
        (change, override, roster.name_of(change.by))
        for override in wiring.overrides(business).read().values
        for change in override.history
    ]
    changes.sort(key=lambda each: each[0].at)
    context = {
        "said": said,
        "refused": status >= 400,
        "today": today,
        "closed": [
            ClosedDay(day, _jobs_on(request, day)) for day in business.closed if day >= today
        ],
        "limited": _limited(request, business, today),
        "changes": [
            (change, who, _subject(override, business), _values(override, change, business))
            for change, override, who in reversed(changes[-MOST_CHANGES:])
        ],
        "day_form": DayForm(today=today),
        "limit_form": LimitForm(business=business, today=today),
        "prices_form": _prices_form(request),
    } | forms
    return render(request, "dispatch/settings.html", context, status=status)


def _limited(request: SiteRequest, business: Business, today: date) -> list[LimitedWindow]:
    windows = {
        window
        for limit in business.limits
        if limit.date >= today and (window := business.agreed_window(limit.date, limit.window))
    }
    due = sorted(windows, key=lambda window: (window.date, window.start))
    return [LimitedWindow(*each) for each in zip(due, _rooms(request, due), strict=True)]


def _rooms(request: SiteRequest, windows: Iterable[Window]) -> list[Room]:
    """With what was set just now."""
    business, at = wiring.in_force(wiring.as_in_file(request.business)), wiring.now()
    book, roster = wiring.jobs(business).read(request.revision), wiring.roster(business).read()
    taken = schedule.taken(book, business, at)
    return [schedule.room(window, roster, taken, business) for window in windows]


def _jobs_on(request: SiteRequest, day: date) -> int:
    book = wiring.jobs(request.business).read(request.revision)
    return sum(
        job.status.is_open and job.window is not None and job.window.date == day
        for job in book.jobs
    )


def _subject(override: Override, business: Business) -> str:
    """`Thu, Dec 24`, `Thu, Dec 24 (Morning)`, `Full load`."""
    subject = override.subject
    if subject.day is None:
        offer = (business.load if subject.kind == "load" else business.item)(subject.name)
        return own(offer.label, business) if offer else subject.name
    if subject.name:
        return slot_text(subject.day, subject.name, business)
    return day_text(subject.day, business)


def _values(override: Override, change: Change, business: Business) -> tuple[str, str]:
    """Before and after, in words."""
    kind = override.subject.kind

    def words(value: Any) -> str:
        if value is None:
            return _("as usual")
        if kind == "closed":
            return _("closed") if value else _("open")
        if kind == "places":
            count = int(value)
            return ngettext("%(n)d place", "%(n)d places", count) % {"n": count}
        return business.money(value)

    return words(change.before), words(change.after)


def _today(request: SiteRequest) -> date:
    return request.business.today(wiring.now())
