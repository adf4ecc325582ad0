"""How an action on a job is answered: with the drawer, or a redirect for a plain form."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from dispatch import jobs, wiring
from dispatch.accounts import CrewRequest, is_fetch
from dispatch.board import next_step
from dispatch.domain.availability import NotAvailable, clashes, overfull
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.job import ROLES, Job
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import (
    COULD_NOT,
    UNDO,
    IllegalMove,
    JobConflict,
    needs_reason,
    targets,
    undoes_to,
)
from dispatch.domain.permissions import history_for, sees_prices
from dispatch.domain.roster import Rank
from dispatch.forms.job import CrewForm, EditForm, EtaForm, NoteForm
from dispatch.links import tracking_url
from dispatch.seen import remember
from dispatch.views.board import board_of
from dispatch.views.posts import UNSURE


def act(
    request: CrewRequest, job_id: str, action: Callable[[], jobs.Done], said: str, **forms: Any
) -> HttpResponse:
    """Do it, and answer: the fresh drawer for a script, a redirect for a plain form."""
    try:
        done: jobs.Done = action()
    except JobNotFound:
        return gone(request)
    except (JobConflict, jobs.NoSuchVersion) as conflict:
        forms.pop("crew_form", None)  # the roles left alone in it would undo what is new
        if edit_form := forms.get("edit_form"):
            forms["edit_form"] = edit_form.again(conflict.job)
        status = 409 if isinstance(conflict, JobConflict) else 422
        return drawer(request, conflict.job, status, str(conflict), **forms)
    except IllegalMove as refusal:
        return refused(request, job_id, str(refusal), **forms)
    except NotAvailable as refusal:
        return not_available(request, job_id, refusal, **forms)
    except StoreUnavailable:
        return refused(request, job_id, UNSURE, 503, **forms)
    if is_fetch(request):
        return remember(request, drawer(request, done.job, said=said), done.revision)
    messages.success(request, f"{done.job.customer_name}: {said}")
    response = HttpResponseRedirect(_back(request, job_id), status=303)
    return remember(request, response, done.revision)


def refused(
    request: CrewRequest, job_id: str, text: str, status: int = 422, **forms: Any
) -> HttpResponse:
    try:
        return drawer(
            request,
            jobs.find(request.business, job_id, by=request.user.actor),
            status,
            text,
            **forms,
        )
    except JobNotFound:
        return gone(request)


def not_available(
    request: CrewRequest, job_id: str, refusal: NotAvailable, crew_form: CrewForm
) -> HttpResponse:
    """Beside the role that it is about, with what was chosen; and how to insist, if one may."""
    crew_form.add_error(refusal.role, str(refusal))
    said, may = str(refusal), refusal.insistable
    return refused(request, job_id, said, 409, crew_form=crew_form, may_insist=may)


def gone(request: HttpRequest) -> HttpResponse:
    return render(request, "dispatch/no_job.html", status=404)


def drawer(
    request: CrewRequest,
    shown: Job,
    status: int = 200,
    said: str = "",
    *,
    note_form: NoteForm | None = None,
    eta_form: EtaForm | None = None,
    edit_form: EditForm | None = None,
    crew_form: CrewForm | None = None,
    may_insist: bool = False,
) -> HttpResponse:
    member, business, at = request.user.member, request.business, wiring.now()
    actor = request.user.actor
    roster, book = wiring.roster(business).read(), wiring.jobs(business).read()
    told = crew_form is not None and crew_form.is_bound and bool(crew_form.errors)
    moves = [(to, needs_reason(shown.status, to)) for to in targets(shown, actor)]
    context = {
        "job": shown,
        "said": said,
        "refused": status >= 400,
        "typed": request.POST if status >= 400 else {},
        "fresh": _fresh_card(request, shown) if status == 409 and not told else "",
        "clashes": clashes(shown, roster, business, overfull(book, business)),
        "may_insist": may_insist,
        "may_edit": member.rank is Rank.DISPATCHER,
        "may_act": member.rank.reaches(Rank.CREW),
        "sees_prices": sees_prices(business, member),
        "next": next_step(shown, actor),
        "undo": undoes_to(shown, actor, at),
        "targets": moves,
        "has_back_moves": any(why for _, why in moves),
        "could_not": COULD_NOT if member.rank is Rank.CREW else None,
        "undo_reason": UNDO,
        "history": [
            (event, jobs.name_of(roster, event.by))
            for event in reversed(history_for(member, shown, business))
        ],
        "notes": [(note, jobs.name_of(roster, note.by)) for note in reversed(shown.notes)],
        "roster": roster,
        "said_by": shown.eta and jobs.name_of(roster, shown.eta.by),
        "crew": [(role, roster.name_of(name)) for role, name in _on(shown)],
        "tracking_url": tracking_url(request, shown),
        "note_form": note_form or NoteForm(),
        "eta_form": eta_form or EtaForm(),
        "edit_form": edit_form or EditForm(business=business, job=shown),
        "crew_form": crew_form or CrewForm(job=shown, roster=roster),
        "back": _back(request, shown.id),
    }
    template = "dispatch/_drawer.html" if is_fetch(request) else "dispatch/job.html"
    return render(request, template, context, status=status)


def _on(shown: Job) -> list[tuple[str, str]]:
    return [(role, name) for role in ROLES if (name := getattr(shown.crew, role))]


def _fresh_card(request: CrewRequest, shown: Job) -> str:
    return board_of(request).card(shown)


def _back(request: HttpRequest, job_id: str) -> str:
    """Where the form was; only ever a page of the crew's own."""
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if safe and back.startswith("/dashboard/") else reverse("job", args=[job_id])
