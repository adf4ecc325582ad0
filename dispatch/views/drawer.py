"""A job's drawer, and the one way in which an action on a job is done and answered."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from types import MappingProxyType
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from dispatch import jobs, wiring
from dispatch.domain import moves
from dispatch.domain.availability import NotAvailable
from dispatch.domain.business import Business
from dispatch.domain.job import ROLES, Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.jobbook import JobNotFound
from dispatch.domain.moves import JobConflict
from dispatch.domain.permissions import Permission, history_for, sees_prices
from dispatch.domain.planning.schedule import WindowFull
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.bill import TooMuch
from dispatch.explain import LOOK_BELOW, explain, not_written
from dispatch.explain.history import in_words, payment_text
from dispatch.explain.words import could_not, name_of, when
from dispatch.forms.consent import language_name
from dispatch.forms.job import CrewForm, EditForm, EtaForm, NoteForm, Slip
from dispatch.http import SiteRequest, crew_only, is_fetch, post_only, tracking_url, with_revision
from dispatch.outbox import stops
from dispatch.templatetags.formats import typed
from dispatch.views.board import board_of
from dispatch.views.customer.lines import lines_of
from dispatch.views.needs import Needs
from dispatch.views.visit.album import album_of
from dispatch.views.visit.money import money_of

FORMS = ("note", "eta", "edit", "crew")  # by their names in the template
Outcome = tuple[jobs.Done, str]  # of an action, and the words for it
Do = Callable[[SiteRequest, Job, Any], Outcome]
REFUSALS = (*jobs.REFUSED, StoreUnavailable)


def _form(name: str, request: SiteRequest, job: Job, data: Any = None) -> Any:
    """One of the drawer's FORMS, filled with `data` where something was typed."""
    match name:
        case "note":
            return NoteForm(data)
        case "eta":
            return EtaForm(data)
        case "edit":
            return EditForm(data, business=request.business, job=job)
    return CrewForm(data, job=job, roster=wiring.roster(request.business).read())


def job_action(permission: Permission, name: str = "") -> Callable[[Do], Callable[..., Any]]:
    """A view that does one thing to a job, whose form in the drawer has this `name`.

    What is decorated is given the checked form. A script is answered with the drawer as it is
    then; a plain form with a redirect, or with the drawer's page where it was refused.
    """

    def decorate(do: Do) -> Callable[..., Any]:
        @post_only("job")
        @crew_only(permission)
        @wraps(do)
        def view(request: SiteRequest, job_id: str) -> HttpResponse:
            try:
                job = jobs.find(request.business, job_id, by=request.user.actor)
                return _act(request, job, do, name)
            except JobNotFound:
                return no_job(request)

        return view

    return decorate


def key_sent(request: SiteRequest) -> str:
    """The form's own key, with which an action is done once however often it is sent."""
    return request.POST.get("key", "")


def tap_sent(request: SiteRequest) -> dict[str, Any]:
    """The form's `key`, and how long `ago` it was sent off. Raises InvalidInput."""
    typed = request.POST.get("ago_s", "").strip() or "0"
    if not (typed.isascii() and typed.isdigit() and len(typed) < 9):
        raise InvalidInput({"ago_s": _("That is no number of seconds.")})
    return {"key": key_sent(request), "ago": timedelta(seconds=int(typed))}


def _act(request: SiteRequest, job: Job, do: Do, name: str) -> HttpResponse:
    # A card's button has in its address which version was seen.
    seen = {"version": request.GET["version"]} if "version" in request.GET else {}
    form = _form(name, request, job, seen | request.POST.dict()) if name else None
    if form and not form.is_valid():
        words = str(LOOK_BELOW) if name == "edit" else _first_error(form)
        return drawer(request, job, 422, words, bound={name: form})
    try:
        done, words = do(request, job, form)
    except REFUSALS as error:
        return _refused(request, job.id, error, {name: form})
    response: HttpResponse
    if takes_json(request):
        response = told_in_json(done.job, words)
    elif is_fetch(request):
        response = drawer(request, done.job, said=words)
    else:
        said = format_html("{}: {}", typed(done.job.customer_name), words)
        messages.success(request, said)
        response = HttpResponseRedirect(_back(request, job.id), status=303)
    return with_revision(request, response, done.revision)


def _refused(
    request: SiteRequest, job_id: str, error: Exception, bound: dict[str, Any]
) -> HttpResponse:
    """The drawer as it is now with what was typed, and why it could not be done."""
    job = jobs.find(request.business, job_id, by=request.user.actor)
    if isinstance(error, StoreUnavailable):
        return drawer(request, job, 503, not_written(error), bound=bound)
    words = explain(error, request.business)
    if isinstance(error, NotAvailable):
        bound["crew"].add_error(error.role, words)
        return drawer(request, job, 409, words, bound=bound, may_insist=error.insistable)
    if isinstance(error, WindowFull):
        may_insist = request.user.actor.may(Permission.EDIT)
        return drawer(request, job, 409, words, bound=bound, may_insist=may_insist)
    if isinstance(error, TooMuch):
        return drawer(request, job, 409, words, may_insist=True)
    if isinstance(error, JobConflict | InvalidInput):
        # Roles that were left alone would undo what is new: they are shown as they are now.
        bound = {name: form.again(job) for name, form in bound.items() if name == "edit"}
    is_conflict, is_slip = isinstance(error, JobConflict), isinstance(error, Slip)
    status = 409 if is_conflict else 422
    return drawer(request, job, status, words, bound=bound, fresh=is_conflict, may_insist=is_slip)


def takes_json(request: HttpRequest) -> bool:
    """True of the day's script, which sends what was tapped and wants to know how that went."""
    return request.headers.get("Accept") == "application/json"


def told_in_json(
    job: Job, said: str, status: int = 200, *, may_insist: bool = False
) -> JsonResponse:
    """The job's `status` and `version` as they are now, what to say of it, and whether it would be
    done if it were insisted on.
    """
    now = {"status": job.status, "version": job.version, "said": said, "may_insist": may_insist}
    return JsonResponse(now, status=status)


def no_job(request: SiteRequest) -> HttpResponse:
    if takes_json(request):
        said = _("This job is not there any more, or it is another's now.")
        return JsonResponse({"status": "", "said": said}, status=404)
    return render(request, "dispatch/no_job.html", status=404)


def drawer(
    request: SiteRequest,
    job: Job,
    status: int = 200,
    said: str = "",
    *,
    bound: Mapping[str, Any] = MappingProxyType({}),
    fresh: bool = False,
    may_insist: bool = False,
) -> HttpResponse:
    """The drawer, alone for a script, else as a page; `bound` forms keep what was typed.

    With `fresh`, the job's card as it is now is shown above.
    """
    refused = status >= 400
    if takes_json(request):
        return told_in_json(job, said, status, may_insist=may_insist)
    context = _shown(request, job) | {
        "said": said,
        "refused": refused,
        "marked": said == str(LOOK_BELOW),
        "typed": request.POST if refused else {},
        "money": money_of(request, job, request.POST if refused else None),
        # What was refused, or may have been done, is sent again under its own key.
        "key": (refused and key_sent(request)) or wiring.new_token(),
        "fresh": board_of(request).card(job) if fresh else "",
        "may_insist": may_insist,
        "photos": album_of(request, job),
        "forms": {name: bound.get(name) or _form(name, request, job) for name in FORMS},
        "back": _back(request, job.id),
    }
    template = "dispatch/_drawer.html" if is_fetch(request) else "dispatch/job.html"
    return render(request, template, context, status=status)


def _shown(request: SiteRequest, job: Job) -> dict[str, Any]:
    """All that the drawer shows of the job itself, and may be done with it."""
    business, actor, at = request.business, request.user.actor, wiring.now()
    roster, book = wiring.roster(business).read(), wiring.jobs(business).read()
    targets = [(to, moves.needs_reason(job.status, to)) for to in moves.targets(job, actor)]
    way, eta = moves.coming(job, business, at)
    link_is_over = business.link_is_over(job.finished_at, at)
    shows_link = actor.may(Permission.KEEP_LINKS) and not link_is_over
    link = tracking_url(request, job) if shows_link else ""
    return {
        "job": job,
        "needs": Needs(job, business, roster, book, actor, at),
        "sees_prices": sees_prices(actor, business),
        "undo": moves.undoes_to(job, actor, at),
        "targets": targets,
        "has_back_moves": any(why for _, why in targets),
        "could_not": could_not(),
        "undo_reason": moves.UNDO,
        "history": [
            (event, in_words(event, business, roster), name_of(event.by, roster))
            for event in reversed(history_for(actor, job, business))
        ],
        "letters": [
            (each, name_of(each.answered_by or "", roster)) for each in job.messages_in or ()
        ],
        "notes": [(note, name_of(note.by, roster)) for note in reversed(job.notes)],
        "on_my_way": way,
        "eta": eta,
        "eta_by": eta and name_of(eta.by, roster),
        "crew": [(role, roster.name_of(name)) for role in ROLES if (name := job.field(role))],
        "consents": [(each, name_of(each.by, roster)) for each in (job.consent or {}).values()],
        "stopped": stops.said_by(business, job),
        "language": job.language and language_name(job.language),
        "messages_out": lines_of(job, business),
        "tells": bool(wiring.carriers(business)),
        "link_is_over": link_is_over,
        "tracking_url": link,
        "sentence": _sentence(job, business, link),
        "payments": [
            (payment_text(each, business, roster), each.amount, getattr(each, "reversed", False))
            for each in job.payments or filter(None, [job.paid])
        ],
    }


def _sentence(job: Job, business: Business, link: str) -> str:
    """What a text message to the customer begins with, and their link where it may be told."""
    names = {"name": job.customer_name, "business": business.name}
    if job.window:
        names["when"] = when(job.window, business)
        hello = _("Hello %(name)s, this is %(business)s about your pickup on %(when)s.") % names
    else:
        hello = _("Hello %(name)s, this is %(business)s about your pickup.") % names
    return " ".join((hello, _("Follow it here:"), link)) if link else hello


def _back(request: SiteRequest, job_id: str) -> str:
    """The page on which the form was; only ever one of the crew's own."""
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if safe and back.startswith(reverse("board")) else reverse("job", args=[job_id])


def _first_error(form: Any) -> str:
    field, errors = next(iter(form.errors.items()))
    label = form.fields[field].label if field in form.fields else ""
    return f"{label}: {errors[0]}" if label else str(errors[0])
