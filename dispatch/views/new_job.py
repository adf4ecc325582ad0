"""A job taken on the phone: who calls, what they have had, and how full each day is."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dispatch import jobs, wiring
from dispatch.domain import job_input
from dispatch.domain.job import Consent, Job, JobLine, Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.outbox.message import Channel
from dispatch.domain.permissions import Permission
from dispatch.domain.planning import schedule
from dispatch.domain.planning.schedule import Room, WindowFull
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import explain, not_written
from dispatch.forms.consent import words
from dispatch.forms.job import NewJobForm, as_typed
from dispatch.http import SiteRequest, crew_only, see_other, with_revision
from dispatch.templatetags.formats import typed
from dispatch.views.drawer import no_job

# What is the customer's, and not that one pickup's.
AGAIN = (
    *("customer_name", "phone", "email", "language", "location", "postcode"),
    *("load", "access_notes"),
)
AHEAD = 14  # days whose load is shown
MOST_EARLIER = 5  # of a caller's jobs


class Day(NamedTuple):
    day: date
    is_closed: bool
    rooms: list[tuple[Window, Room]]


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.CREATE)
def new_job(request: SiteRequest) -> HttpResponse:
    """With `again`, filled in for a customer whom we know from that job. Posted with `lookup`,
    with `take`, a job's id, or with `slot`, a date and a window's name, the form comes back with
    what that says filled in, and nothing is saved.
    """
    try:
        if request.method != "POST" or request.POST.keys() & {"lookup", "take", "slot"}:
            form = NewJobForm(business=request.business, initial=_known(request))
            return _page(request, form, key=request.POST.get("key", ""))
    except JobNotFound:
        return no_job(request)
    form = NewJobForm(request.POST, business=request.business)
    key = request.POST.get("key") or wiring.new_token()
    return _save(request, form, key) if form.is_valid() else _page(request, form, 422, key=key)


def _save(request: SiteRequest, form: NewJobForm, key: str) -> HttpResponse:
    try:
        done = jobs.create(
            *(request.business, form.job_fields()),
            status=Status(form.cleaned_data["status"]),
            by=request.user.username,
            consent=_consent(request, form),
            insist="insist" in request.POST,
            key=key,
        )
    except WindowFull as error:
        form.add_error("window", explain(error, request.business))
        return _page(request, form, 409, key=key, full=True)
    except jobs.KeyReused as error:
        form.add_error(
            None, _("You have already saved this as another job. Save again to add one.")
        )
        return _page(request, form, 409, earlier=error.job)
    except StoreUnavailable as error:
        form.add_error(None, not_written(error))  # with the same key it is not made twice
        return _page(request, form, 503, key=key)
    messages.success(request, format_html(_("{} is on the board."), typed(done.job.customer_name)))
    return with_revision(request, see_other("job", done.job.id), done.revision)


def _consent(request: SiteRequest, form: NewJobForm) -> dict[str, Consent]:
    if not (said := words(form.cleaned_data)):
        return {}
    return {Channel.SMS: Consent(at=wiring.now(), by=request.user.username, words=said)}


def _page(
    request: SiteRequest,
    form: NewJobForm,
    status: int = 200,
    *,
    key: str = "",
    full: bool = False,
    earlier: Job | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "key": key or wiring.new_token(),
        "full": full,
        "earlier": earlier,
        "days": _days(request),
        "callers": _callers(request, str(form["phone"].value() or "")),
        "chosen": (str(form["date"].value() or ""), form["window"].value()),
        "prices": {
            load.name: request.business.money(load.price) for load in request.business.loads
        },
    }
    return render(request, "dispatch/new_job.html", context, status=status)


def _known(request: SiteRequest) -> dict[str, Any]:
    """What the form begins with. Raises JobNotFound."""
    known = {name: value for name, value in request.POST.items() if value}
    if "take" in request.POST or "again" in request.GET:
        job_id = request.POST.get("take") or request.GET.get("again", "")
        by, seen = request.user.actor, request.revision
        job = jobs.find(request.business, job_id, by=by, at_least=seen)
        shown = as_typed(job, request.business)
        if "load" in known or not request.business.load(job.load):
            shown["load"] = ""  # another was said just now, or it is not offered any more
        known |= {name: shown[name] for name in AGAIN if shown[name]}
    day, _space, name = request.POST.get("slot", "").partition(" ")
    return known | ({"date": day, "window": name} if name else {})


def _days(request: SiteRequest) -> list[Day]:
    """The days to come, and what is left in their windows."""
    business, at = request.business, wiring.now()
    book, roster = wiring.jobs(business).read(request.revision), wiring.roster(business).read()
    taken, today = schedule.taken(book, business, at), business.today(at)
    days = (today + timedelta(days=ahead) for ahead in range(AHEAD))
    return [
        Day(
            day,
            day in business.closed,
            [
                (window, schedule.room(window, roster, taken, business))
                for window in business.windows_on(day)
                if business.span(window)[1] > at
            ],
        )
        for day in days
    ]


def _callers(request: SiteRequest, number: str) -> list[JobLine]:
    """The latest jobs of whoever has that number, a line for each name and address."""
    try:
        phone = job_input.phone(number, request.business)
    except InvalidInput:
        return []
    if not phone:
        return []
    repository = wiring.jobs(request.business)
    found = repository.of_customer(repository.read(request.revision), "phone", phone)
    lines: dict[tuple[str, str], JobLine] = {}
    for line in sorted((each.line for each in found), key=lambda line: line.created_at):
        lines[line.customer_name, line.location] = line
    return [*reversed(lines.values())][:MOST_EARLIER]
