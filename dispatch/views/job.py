"""One job: its drawer, what can be done from there, and a new one taken by phone."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import jobs, wiring
from dispatch.domain import job_input
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import named_status
from dispatch.domain.permissions import Permission
from dispatch.domain.schedule import WindowFull
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import explain, not_written
from dispatch.forms.job import CrewForm, EditForm, EtaForm, NewJobForm, NoteForm, as_typed
from dispatch.http import SiteRequest, crew_only, see_other, with_revision
from dispatch.templatetags.formats import typed
from dispatch.views.drawer import Outcome, drawer, job_action, key_sent, no_job

# What is the customer's, and not that one pickup's.
AGAIN = ("customer_name", "phone", "email", "location", "postcode", "load", "access_notes")


@require_safe
@crew_only(Permission.LOOK)
def job(request: SiteRequest, job_id: str) -> HttpResponse:
    by, seen = request.user.actor, request.revision
    try:
        return drawer(request, jobs.find(request.business, job_id, by=by, at_least=seen))
    except JobNotFound:
        return no_job(request)


@job_action(Permission.MOVE)
def move(request: SiteRequest, job: Job, _: None) -> Outcome:
    """To `status`, from the one that the person saw: `expected`, which buttons have in the URL."""
    to = named_status(request.POST.get("status", ""))
    seen = request.POST.get("expected") or request.GET.get("expected")
    words = (request.POST.get(name, "").strip() for name in ("reason", "text"))
    done = jobs.move(
        *(request.business, job.id, to),
        by=request.user.actor,
        expected=named_status(seen) if seen else None,
        reason=job_input.text("reason", ": ".join(filter(None, words))),
        insist="insist" in request.POST,
        key=key_sent(request),
    )
    return done, f"Moved to “{to.label}”."


@job_action(Permission.ASSIGN, "crew")
def assign(request: SiteRequest, job: Job, form: CrewForm) -> Outcome:
    """Usernames by role; with `insist`, into a window that is full too."""
    done = jobs.assign(
        *(request.business, job.id),
        {role: name for role, name in form.roles().items() if role in request.POST},
        by=request.user.actor,
        version=form.cleaned_data["version"],
        insist="insist" in request.POST,
        key=key_sent(request),
    )
    return done, "Crew saved."


@job_action(Permission.NOTE, "note")
def notes(request: SiteRequest, job: Job, form: NoteForm) -> Outcome:
    text, by = form.cleaned_data["text"], request.user.actor
    done = jobs.note(request.business, job.id, text, by=by, key=key_sent(request))
    return done, "Note added."


@job_action(Permission.ESTIMATE, "eta")
def eta(request: SiteRequest, job: Job, form: EtaForm) -> Outcome:
    """`eta` as a clock time of today, or `on_my_way`."""
    business, by, key = request.business, request.user.actor, key_sent(request)
    if "on_my_way" in request.POST:
        done = jobs.on_my_way(business, job.id, by=by, key=key)
        return done, "The customer sees that you are on your way."
    expected = form.moment(business, wiring.now())
    done = jobs.set_eta(business, job.id, expected, by=by, key=key)
    return done, "Estimate saved." if expected else "Estimate taken back."


@job_action(Permission.EDIT, "edit")
def edit(request: SiteRequest, job: Job, form: EditForm) -> Outcome:
    done = jobs.edit(
        *(request.business, job.id, form.job_fields()),
        by=request.user.actor,
        version=form.cleaned_data["version"],
        insist="insist" in request.POST,
        key=key_sent(request),
    )
    return done, "Saved."


@job_action(Permission.KEEP_LINKS)
def link(request: SiteRequest, job: Job, _: None) -> Outcome:
    """A new tracking link, or (`revoke`) none; the old one stops working."""
    revoke, by, key = "revoke" in request.POST, request.user.actor, key_sent(request)
    done = jobs.renew_link(request.business, job.id, by=by, revoke=revoke, key=key)
    words = "The old link no longer works."
    return done, words if revoke else f"{words} Send the customer the new one."


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.CREATE)
def new_job(request: SiteRequest) -> HttpResponse:
    """With `again`, filled in for a customer whom we know from that job."""
    key = request.POST.get("key") or wiring.new_token()
    posted = request.POST if request.method == "POST" else None
    try:
        known = _known(request) if posted is None else {}
    except JobNotFound:
        return no_job(request)
    form = NewJobForm(posted, business=request.business, initial=known)
    status, earlier, full = 422 if form.is_bound else 200, None, False
    if form.is_valid():
        try:
            done = jobs.create(
                *(request.business, form.job_fields()),
                status=Status(form.cleaned_data["status"]),
                by=request.user.username,
                insist="insist" in request.POST,
                key=key,
            )
        except WindowFull as error:
            form.add_error("window", explain(error, request.business))
            status, full = 409, True
        except jobs.KeyReused as error:
            words = "You have already saved this as another job. Save again to add one."
            form.add_error(None, words)
            status, key, earlier = 409, wiring.new_token(), error.job
        except StoreUnavailable as error:
            form.add_error(None, not_written(error))  # with the same key it is not made twice
            status = 503
        else:
            said = format_html("{} is on the board.", typed(done.job.customer_name))
            messages.success(request, said)
            return with_revision(request, see_other("job", done.job.id), done.revision)
    context = {"form": form, "key": key, "earlier": earlier, "full": full}
    return render(request, "dispatch/new_job.html", context, status=status)


def _known(request: SiteRequest) -> dict[str, Any]:
    """Of the job that is booked again, if one is. Raises JobNotFound."""
    if "again" not in request.GET:
        return {}
    business, by = request.business, request.user.actor
    job = jobs.find(business, request.GET["again"], by=by, at_least=request.revision)
    known = {name: value for name, value in as_typed(job, business).items() if name in AGAIN}
    # What is not offered any more cannot be chosen.
    return known if business.load(job.load) else {**known, "load": ""}
