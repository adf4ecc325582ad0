"""One job: its drawer, and what can be done from there."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from dispatch import jobs, wiring
from dispatch.accounts import CrewRequest, crew_only
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.permissions import Act
from dispatch.domain.status import Status
from dispatch.forms.job import CrewForm, EditForm, EtaForm, NoteForm
from dispatch.seen import revision_seen
from dispatch.views.drawer import act, drawer, gone, refused
from dispatch.views.posts import post_only


@require_safe
@crew_only(Act.LOOK)
def job(request: CrewRequest, job_id: str) -> HttpResponse:
    try:
        found = jobs.find(
            request.business, job_id, by=request.user.actor, at_least=revision_seen(request)
        )
    except JobNotFound:
        return gone(request)
    return drawer(request, found)


@post_only("job")
@crew_only(Act.MOVE)
def move(request: CrewRequest, job_id: str) -> HttpResponse:
    """`status`, and the status that the person saw as `expected` (in the address, for buttons)."""
    to = _status(request.POST.get("status"))
    expected_text = request.POST.get("expected") or request.GET.get("expected")
    expected = _status(expected_text)
    if to is None or (expected_text and expected is None):
        return refused(request, job_id, "There is no such status.")
    reason = request.POST.get("reason", "").strip()
    if text := request.POST.get("text", "").strip():
        reason = f"{reason}: {text}" if reason else text
    return act(
        request,
        job_id,
        lambda: jobs.move(
            *(request.business, job_id, to),
            by=request.user.actor,
            expected=expected,
            reason=reason[:500],
        ),
        f"Moved to “{to.label}”.",
    )


@post_only("job")
@crew_only(Act.ASSIGN)
def assign(request: CrewRequest, job_id: str) -> HttpResponse:
    """Usernames by role; with `insist`, into a window that is full too."""
    roster = wiring.roster(request.business).read()
    try:
        form = CrewForm(
            # A card's button says in its address which version was seen.
            {"version": request.GET.get("version", "")} | request.POST.dict(),
            job=jobs.find(request.business, job_id, by=request.user.actor),
            roster=roster,
        )
    except JobNotFound:
        return gone(request)
    if not form.is_valid():
        return refused(request, job_id, _first_error(form), crew_form=form)
    roles = {role: name for role, name in form.roles().items() if role in request.POST}
    insist = "insist" in request.POST
    return act(
        request,
        job_id,
        lambda: jobs.assign(
            *(request.business, job_id, roles),
            by=request.user.actor,
            version=form.cleaned_data["version"],
            insist=insist,
        ),
        "Crew saved.",
        crew_form=form,
    )


@post_only("job")
@crew_only(Act.NOTE)
def notes(request: CrewRequest, job_id: str) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return refused(request, job_id, _first_error(form), note_form=form)
    text = form.cleaned_data["text"]
    return act(
        request,
        job_id,
        lambda: jobs.note(request.business, job_id, text, by=request.user.actor),
        "Note added.",
        note_form=form,
    )


@post_only("job")
@crew_only(Act.ESTIMATE)
def eta(request: CrewRequest, job_id: str) -> HttpResponse:
    """`eta` as a clock time of today, or `on_my_way`."""
    if "on_my_way" in request.POST:
        return act(
            request,
            job_id,
            lambda: jobs.on_my_way(request.business, job_id, by=request.user.actor),
            "The customer sees that you are on your way.",
        )
    form = EtaForm(request.POST)
    if not form.is_valid():
        return refused(request, job_id, _first_error(form), eta_form=form)
    expected = form.moment(request.business, wiring.now())
    return act(
        request,
        job_id,
        lambda: jobs.set_eta(request.business, job_id, expected, by=request.user.actor),
        "Estimate saved." if expected else "Estimate taken back.",
        eta_form=form,
    )


@post_only("job")
@crew_only(Act.EDIT)
def edit(request: CrewRequest, job_id: str) -> HttpResponse:
    try:
        found = jobs.find(request.business, job_id, by=request.user.actor)
    except JobNotFound:
        return gone(request)
    form = EditForm(request.POST, business=request.business, job=found)
    if not form.is_valid():
        text = "Please look at the fields marked below; nothing was saved yet."
        return refused(request, job_id, text, edit_form=form)
    fields, version = form.job_fields(), form.cleaned_data["version"]
    return act(
        request,
        job_id,
        lambda: jobs.edit(request.business, job_id, fields, by=request.user.actor, version=version),
        "Saved.",
        edit_form=form,
    )


@post_only("job")
@crew_only(Act.KEEP_LINKS)
def link(request: CrewRequest, job_id: str) -> HttpResponse:
    """A new tracking link, or (`revoke`) none; the old one stops working."""
    revoke = "revoke" in request.POST
    return act(
        request,
        job_id,
        lambda: jobs.renew_link(request.business, job_id, by=request.user.actor, revoke=revoke),
        "The old link no longer works." + ("" if revoke else " Send the customer the new one."),
    )


def _status(value: str | None) -> Status | None:
    try:
        return Status(value or "")
    except ValueError:
        return None


def _first_error(form: Any) -> str:
    field, errors = next(iter(form.errors.items()))
    label = form.fields[field].label if field in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])
