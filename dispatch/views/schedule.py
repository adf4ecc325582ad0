"""The week by driver and window: looked at, and jobs given another time and another driver."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from dispatch import jobs, wiring
from dispatch.answers import Basis, lasting, unchanged
from dispatch.calendar.week import NOBODY, Week
from dispatch.domain import job_input
from dispatch.domain.availability import driving
from dispatch.domain.business import Business
from dispatch.domain.job import Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobBook
from dispatch.domain.permissions import Permission, sees
from dispatch.domain.planning import schedule
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import explain, not_written
from dispatch.explain.words import when
from dispatch.forms.job import day_to_come
from dispatch.forms.several import seen
from dispatch.http import SiteRequest, crew_only, post_only, see_other, with_revision
from dispatch.jobs import several
from dispatch.jobs.several import Seen
from dispatch.templatetags.formats import typed
from dispatch.views.told import Told, key_after, told_of


@require_safe
@crew_only(Permission.LOOK)
def week(request: SiteRequest) -> HttpResponse:
    basis, at = Basis.of_member(request), wiring.now()
    business, book = request.business, _book(request)
    return lasting(
        _page(request, book),
        basis,
        still=unchanged(business, book, request.revision),
        shown=lambda at: schedule.same_until(book, business, at),
        at=at,
    )


@post_only("schedule")
@crew_only(Permission.ASSIGN)
def place(request: SiteRequest) -> HttpResponse:
    """The ticked jobs, each as `id/version`, into the slot `to`: `2026-05-23 morning joel`; or
    into the slot `insist`, beyond what there is room for.
    """
    told = _placed(request)
    if told.status >= 400:
        return with_revision(request, _page(request, _book(request), told), told.revision)
    count = len(told.done)
    moved = ngettext("%(count)d job", "%(count)d jobs", count) % {"count": count}
    messages.success(request, format_html("{}: {}.", moved, told.done[0][1]))
    first = request.POST.get("from", "")
    response = see_other("schedule", query=f"from={first}" if _day(first) else "")
    return with_revision(request, response, told.revision)


def _placed(request: SiteRequest) -> Told:
    business, ticked, to = request.business, _ticked(request), _to(request)
    try:
        if not ticked:
            raise InvalidInput({"job": _("Tick a job first, then say where it goes.")})
        window, driver = _slot(business, to)
        done = several.place(
            *(business, ticked, window, driver),
            by=request.user.actor,
            insist="insist" in request.POST,
            key=request.POST.get("key", ""),
        )
    except InvalidInput as error:
        return Told(explain(error, business), status=422)
    except StoreUnavailable as error:
        return Told(not_written(error), status=503)
    who = wiring.roster(business).read().name_of(driver) if driver else _("nobody yet")
    words = format_html("{}, {}", when(window, business), typed(who))
    return told_of(done, business, lambda job: words, again=to)


def _ticked(request: SiteRequest) -> list[Seen]:
    return [seen(each) for each in request.POST.getlist("job")]


def _to(request: SiteRequest) -> str:
    return request.POST.get("insist") or request.POST.get("to", "")


def _slot(business: Business, to: str) -> tuple[Window, str | None]:
    """Raises InvalidInput."""
    day, _space, rest = to.partition(" ")
    name, _space, driver = rest.partition(" ")
    window = business.agreed_window(day_to_come(day, business.today(wiring.now()), "to"), name)
    if window is None:
        raise InvalidInput({"to": _("There is no such window.")})
    return window, None if driver in ("", NOBODY) else driver


def _day(text: str) -> date | None:
    try:
        return job_input.date_of(text, "from")
    except InvalidInput:
        return None


def _book(request: SiteRequest) -> JobBook:
    """Raises StoreUnavailable."""
    return wiring.jobs(request.business).read(request.revision)


def _page(request: SiteRequest, book: JobBook, told: Told | None = None) -> HttpResponse:
    """With what could not be done, and why: those stay ticked."""
    told = told or Told()
    asked = request.POST.get("from") or request.GET.get("from", "")
    context = {
        "week": _week(request, book, _day(asked)),
        "today": request.business.today(wiring.now()),
        "wrong": asked if asked and not _day(asked) else "",
        "told": told,
        "ticked": tuple(told.refused) or tuple(each.job_id for each in _ticked(request)),
        "may": request.user.may,
        "key": key_after(request, told),
    }
    return render(request, "dispatch/schedule.html", context, status=told.status)


def _week(request: SiteRequest, book: JobBook, first: date | None) -> Week:
    business, at, actor = request.business, wiring.now(), request.user.actor
    today = business.today(at)
    first = first or today - timedelta(days=today.weekday())
    last = first + timedelta(days=6)
    finished = jobs.finished(business, *jobs.around(first, last), book=book)
    return Week.of(
        first,
        [job for job in book.jobs if sees(actor, job)],
        [each.line for each in finished if sees(actor, each.line)],
        wiring.roster(business).read(),
        business,
        schedule.taken(book, business, at),
        driving(book, business),
    )
