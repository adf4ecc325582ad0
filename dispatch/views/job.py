"""One job: its drawer, what can be done from there, and a new one taken by phone."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dispatch import jobs, wiring
from dispatch.domain import job_input
from dispatch.domain.job import Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import named_status
from dispatch.domain.permissions import Permission
from dispatch.domain.visit import letter
from dispatch.explain.words import told
from dispatch.forms.job import CrewForm, EditForm, EtaForm, NoteForm
from dispatch.http import SiteRequest, crew_only
from dispatch.views.drawer import Outcome, drawer, job_action, key_sent, no_job, tap_sent

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
def move(request: SiteRequest, job: Job, _form: None) -> Outcome:
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
        **tap_sent(request),
    )
    return done, _("Moved to “%(status)s”.") % {"status": told(to.label)}


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
    return done, _("Crew saved.")


@job_action(Permission.NOTE, "note")
def notes(request: SiteRequest, job: Job, form: NoteForm) -> Outcome:
    text, by = form.cleaned_data["text"], request.user.actor
    done = jobs.note(request.business, job.id, text, by=by, **tap_sent(request))
    return done, _("Note added.")


@job_action(Permission.ANSWER)
def answer(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """`answer` to the customer's message of that `id`."""
    sent, by = request.POST, request.user.actor
    text, key = letter.text_of("answer", sent.get("answer")), key_sent(request)
    done = jobs.reply(request.business, job.id, sent.get("id", ""), text, by=by, key=key)
    return done, _("The customer sees your answer.")


@job_action(Permission.ESTIMATE, "eta")
def eta(request: SiteRequest, job: Job, form: EtaForm) -> Outcome:
    """`eta` as a clock time of today, with `insist` of tomorrow; or `on_my_way`, with it or in so
    many `minutes`.
    """
    business, by, tap = request.business, request.user.actor, tap_sent(request)
    at, insist = wiring.now() - tap["ago"], "insist" in request.POST
    expected = form.moment(business, at, insist=insist)
    if "on_my_way" in request.POST:
        minutes = form.cleaned_data["minutes"]
        done = jobs.on_my_way(business, job.id, by=by, minutes=minutes, eta=expected, **tap)
        return done, _("The customer sees that you are on your way.")
    done = jobs.set_eta(business, job.id, expected, by=by, **tap)
    return done, _("Estimate saved.") if expected else _("Estimate taken back.")


@job_action(Permission.EDIT, "edit")
def edit(request: SiteRequest, job: Job, form: EditForm) -> Outcome:
    done = jobs.edit(
        *(request.business, job.id, form.job_fields()),
        by=request.user.actor,
        version=form.cleaned_data["version"],
        insist="insist" in request.POST,
        silent="silent" in request.POST,
        texts=form.texts,
        key=key_sent(request),
    )
    return done, _("Saved.")


@job_action(Permission.KEEP_LINKS)
def link(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """A new tracking link, or (`revoke`) none; the old one stops working."""
    revoke, by, key = "revoke" in request.POST, request.user.actor, key_sent(request)
    done = jobs.renew_link(request.business, job.id, by=by, revoke=revoke, key=key)
    if revoke:
        return done, _("The old link no longer works.")
    return done, _("The old link no longer works. Send the customer the new one.")
