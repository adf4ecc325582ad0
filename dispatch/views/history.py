"""Finished jobs, newest first: from a customer's call, or a look back, to the job itself."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dispatch import jobs, wiring
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.permissions import Permission, sees, sees_prices
from dispatch.domain.search import Found, page, when_finished
from dispatch.domain.status import Status
from dispatch.forms.history import HistoryForm
from dispatch.http import SiteRequest, crew_only
from dispatch.turns import Turns, in_turns

PAGE = 50  # jobs


@require_safe
@crew_only(Permission.LOOK)
def history(request: SiteRequest) -> HttpResponse:
    """Those of a span of days, a page of them; `after` is where it begins."""
    business, actor = request.business, request.user.actor
    roster = wiring.roster(business).read()
    form = HistoryForm(request.GET, roster=roster, today=business.today(wiring.now()))
    found = _found(request, form) if form.is_valid() else []
    shown: list[Found] = []
    after, older = request.GET.get("after", ""), None
    try:
        shown, older = page(
            in_turns(found), when_finished, after=after, limit=PAGE, newest_first=True
        )
    except InvalidInput:
        form.add_error(None, _("This page’s address is broken. “Show” begins with the newest."))
    asked = {name: text for name, text in form.data.items() if text}
    context = {
        "form": form,
        "count": len(found),
        "rows": Turns(
            (job, [roster.name_of(name) for name in dict.fromkeys(job.crew)])
            for each in shown
            if (job := each.whole())
        ),
        "newest": urlencode(asked) if after else "",
        "older": urlencode({**asked, "after": older}) if older else "",
        "sees_prices": sees_prices(actor, business),
        "damaged": wiring.jobs(business).damaged_months,
        "reopened": Status.BOOKED,
        "key": wiring.new_token(),
        "back": request.get_full_path(),
    }
    status = 422 if form.errors else 200
    return render(request, "dispatch/history.html", context, status=status)


def _found(request: SiteRequest, form: HistoryForm) -> list[Found]:
    """Such as this member may see."""
    business, actor = request.business, request.user.actor
    first, last = form.cleaned_data["days"]
    filters = form.cleaned_data["filters"]
    book = wiring.jobs(business).read(request.revision)
    return [
        each
        for each in in_turns(jobs.finished(business, first, last, book=book))
        if sees(actor, each.line) and filters.let_through(each.line, business)
    ]
