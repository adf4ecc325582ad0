"""Several jobs changed at once, from the board or from the requests, and what is told of each."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _

from dispatch import wiring
from dispatch.domain.job import Job
from dispatch.domain.permissions import Permission
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import not_written
from dispatch.explain.words import when
from dispatch.forms.several import SeveralForm, blank
from dispatch.http import SiteRequest, crew_only, is_fetch, post_only, see_other, with_revision
from dispatch.jobs import several as jobs
from dispatch.templatetags.formats import typed
from dispatch.views.told import Told, key_after, told_of


@post_only("board")
@crew_only(Permission.ASSIGN)
def several(request: SiteRequest) -> HttpResponse:
    """From the board: a script is answered with what is told alone, a plain form with a page that
    has the rest still ticked.
    """
    form = form_of(request)
    if form.is_valid() and form.do == "print":
        return see_other("sheets", query=urlencode({"job": sorted(form.ticked)}, doseq=True))
    told = change(request, form)
    context = {
        "told": told,
        "form": form,
        "acts": ("assign", "move", "print"),
        "key": key_after(request, told),
        "left": [job for job, _words in told.refused.values() if job] or _jobs(request, form),
    }
    template = "_told" if is_fetch(request) else "several"
    response = render(request, f"dispatch/{template}.html", context, status=told.status)
    return with_revision(request, response, told.revision)


def form_of(request: SiteRequest) -> SeveralForm:
    business, roster = request.business, wiring.roster(request.business).read()
    if request.method == "POST":
        return SeveralForm(request.POST, business=business, roster=roster)
    return blank(business, roster)


def change(request: SiteRequest, form: SeveralForm) -> Told:
    """Does what the form says, where it says it well."""
    if not form.is_valid():
        return Told(_first_error(form), status=422, again=form.do if form.may_insist else "")
    business, given, key = request.business, form.cleaned_data, request.POST.get("key")
    how: dict[str, Any] = {"by": request.user.actor, "key": key or wiring.new_token()}
    try:
        match form.do:
            case "confirm":
                done = jobs.confirm(business, form.seen, insist=form.insists, **how)
            case "decline":
                done = jobs.decline(business, form.seen, given["reason"], **how)
            case "assign":
                driver = given["driver"]
                done = jobs.assign(business, form.seen, driver, insist=form.insists, **how)
            case _:
                to = given["date"], given["window"]
                done = jobs.move_to(business, form.seen, *to, insist=form.insists, **how)
    except StoreUnavailable as error:
        return Told(not_written(error), status=503)
    return told_of(done, business, lambda job: WORDS[form.do](job, form), again=form.do)


def _when(job: Job, form: SeveralForm) -> str:
    return when(job.window, form.business) if job.window else _("no time agreed yet")


def _confirmed(job: Job, form: SeveralForm) -> str:
    return format_html(_("confirmed for {}"), _when(job, form))


def _driven(job: Job, form: SeveralForm) -> str:
    return format_html(_("{} drives"), typed(form.roster.name_of(job.crew.driver or "")))


# What was done, in words.
WORDS: dict[str, Callable[[Job, SeveralForm], str]] = {
    "confirm": _confirmed,
    "assign": _driven,
    "move": lambda job, form: format_html(_("now {}"), _when(job, form)),
    "decline": lambda job, form: _("declined"),
}


def _jobs(request: SiteRequest, form: SeveralForm) -> list[Job]:
    """Those that are ticked, where nothing could be tried yet."""
    if form.is_valid():
        return []
    book = wiring.jobs(request.business).read(request.revision)
    return [job for each in form.seen if (job := book.value(each.job_id))]


def _first_error(form: SeveralForm) -> str:
    return str(next(iter(form.errors.values()))[0])
