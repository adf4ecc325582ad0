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
from dispatch.calendar.week import NOBODY, Week, week_of
from dispatch.domain import job_input
from dispatch.domain.job import Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.permissions import Permission, sees
from dispatch.domain.planning import schedule
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import explain, not_written, when
from dispatch.forms.several import seen
from dispatch.http import SiteRequest, crew_only, post_only, see_other, with_revision
from dispatch.jobs import several
from dispatch.jobs.several import AllDone, Seen
from dispatch.templatetags.formats import typed


@require_safe
@crew_only(Permission.LOOK)
def week(request: SiteRequest) -> HttpResponse:
    return _page(request)


@post_only("schedule")
@crew_only(Permission.ASSIGN)
def place(request: SiteRequest) -> HttpResponse:
    """The ticked jobs, each as `id/version`, into the slot `to`: `2026-05-23 morning joel`; with
    `insist` in the address, beyond what there is room for.
    """
    ticked = _ticked(request)
    try:
        if not ticked:
            raise InvalidInput({"job": _("Tick a job first, then say where it goes.")})
        window, driver = _slot(request)
        done = several.place(
            *(request.business, ticked, window, driver),
            by=request.user.actor,
            insist="insist" in request.GET,
            key=request.POST.get("key", ""),
        )
    except InvalidInput as error:
        return _page(request, 422, said=explain(error, request.business))
    except StoreUnavailable as error:
        return _page(request, 503, said=not_written(error))
    if any(each.refusal for each in done.outcomes):
        return with_revision(request, _page(request, 409, done=done), done.revision)
    who = wiring.roster(request.business).read().name_of(driver) if driver else _("nobody yet")
    count = len(done.outcomes)
    moved = ngettext("%(count)d job", "%(count)d jobs", count) % {"count": count}
    said = format_html("{}: {}, {}.", moved, when(window, request.business), typed(who))
    messages.success(request, said)
    first = request.POST.get("from", "")
    response = see_other("schedule", query=f"from={first}" if _day(first) else "")
    return with_revision(request, response, done.revision)


def _ticked(request: SiteRequest) -> list[Seen]:
    return [seen(each) for each in request.POST.getlist("job")]


def _slot(request: SiteRequest) -> tuple[Window, str | None]:
    """Raises InvalidInput."""
    day, _space, rest = request.POST.get("to", "").partition(" ")
    name, _space, driver = rest.partition(" ")
    window = request.business.agreed_window(job_input.date_of(day, "to"), name)
    if window and window.date < request.business.today(wiring.now()):
        raise InvalidInput({"to": _("That day is over.")})
    if window is None:
        raise InvalidInput({"to": _("There is no such window.")})
    return window, None if driver in ("", NOBODY) else driver


def _day(text: str) -> date | None:
    try:
        return job_input.date_of(text, "from")
    except InvalidInput:
        return None


def _page(
    request: SiteRequest, status: int = 200, *, said: str = "", done: AllDone | None = None
) -> HttpResponse:
    """With what could not be done, and why: those stay ticked."""
    asked = request.POST.get("from") or request.GET.get("from", "")
    refused = [each for each in done.outcomes if each.refusal] if done else []
    ticked = {each.job_id for each in refused}
    ticked |= {each.job_id for each in _ticked(request)} if said else set()
    context = {
        "week": _week(request, _day(asked)),
        "today": request.business.today(wiring.now()),
        "wrong": asked if asked and not _day(asked) else "",
        "said": said,
        "done": len(done.outcomes) - len(refused) if done else 0,
        "refused": [
            (each.job, explain(each.refusal, request.business)) for each in refused if each.refusal
        ],
        "may_insist": any(getattr(each.refusal, "insistable", False) for each in refused),
        "ticked": ticked,
        "to": request.POST.get("to", ""),
        "key": request.POST.get("key") if status == 503 else wiring.new_token(),
    }
    return render(request, "dispatch/schedule.html", context, status=status)


def _week(request: SiteRequest, first: date | None) -> Week:
    business, at, actor = request.business, wiring.now(), request.user.actor
    today = business.today(at)
    first = first or today - timedelta(days=today.weekday())
    last = first + timedelta(days=6)
    book = wiring.jobs(business).read(request.revision)
    finished = jobs.finished(business, first, last, book=book) if first <= today else []
    return week_of(
        first,
        [job for job in book.jobs if sees(actor, job)],
        [each.line for each in finished if sees(actor, each.line)],
        wiring.roster(business).read(),
        business,
        schedule.taken(book, business, at),
    )
