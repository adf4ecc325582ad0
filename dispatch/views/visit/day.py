"""A member's own day, for the phone: what comes next, the rest of it, and what is done."""

from collections import Counter
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.answers import Basis, lasting, polled, unchanged
from dispatch.domain.job_input import InvalidInput, date_of
from dispatch.domain.permissions import Permission
from dispatch.domain.roster import Member
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.route import moved
from dispatch.explain import explain, not_written
from dispatch.http import (
    SiteRequest,
    crew_only,
    is_fetch,
    post_only,
    see_other,
    with_revision,
)
from dispatch.jobs import order as orders
from dispatch.views.drawer import key_sent
from dispatch.views.visit.markup import Markup
from dispatch.views.visit.offline import offline_of
from dispatch.views.visit.stops import Day, DayPoll, Whose

STEPS = {"-1": -1, "1": 1}


class Asked(NamedTuple):
    """Whose day, which one, and what is wrong with how it was asked for."""

    member: Member
    day: date
    wrong: str = ""


@require_safe
@crew_only(Permission.LOOK)
def day(request: SiteRequest) -> HttpResponse:
    """`date` (today), `member` (one's own; another's is for who may see every job), and `at`, the
    stop that is open.
    """
    basis, business, revision = Basis.of_member(request), request.business, request.revision
    asked = _asked(request, request.GET)
    shown = _day(request, asked)
    response = _page(request, asked, shown)
    # Here alone the browser may be asked where it is.
    response.headers["Permissions-Policy"] = settings.MAY_LOCATE
    if shown.out_of_reach:
        return response
    return lasting(
        response,
        basis,
        still=unchanged(business, shown.book, revision),
        shown=lambda at: (business.today(at), shown.later(at).etag),
        at=shown.at,
    )


@require_safe
@crew_only(Permission.LOOK, poll=True)
def day_part(request: SiteRequest) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    basis, asked = Basis.of_member(request), _asked(request, request.GET)
    whose = _whose(request, asked)
    # Without a date it is of today, and so of another day tomorrow.
    basis = basis if request.GET.get("date") and not asked.wrong else None
    poll, shown = DayPoll(whose, get_language() or ""), whose.now(request.revision)
    part = poll.part(shown)._replace(html=lambda: _part(request, shown))
    return polled(request, basis, poll, part)


@post_only("day")
@crew_only(Permission.MOVE)
def day_order(request: SiteRequest) -> HttpResponse:
    """The stops in the order of their ids, `job` for each; or the one `job` by `by`: 1 later, or
    -1 earlier, among those that come after the open one, `at`. The address says whose, and of
    which day. A script is answered with the changing part.
    """
    sent, asked = request.POST, _asked(request, request.GET)
    if not (asked.member.username == request.user.username or request.user.may["assign"]):
        raise PermissionDenied(_("You put your own day in order. Ask a dispatcher."))
    ids, by = sent.getlist("job") or request.GET.getlist("job"), sent.get("by", "")
    if asked.wrong or not ids or (by and by not in STEPS):
        return _page(request, asked, None, 422, asked.wrong or _("Say what is to go where."))
    if by:
        shown = _day(request, asked)
        after = [stop.job.id for stop in shown.rest if stop.may_order]
        before = [shown.open.job.id] if shown.open else []
        ids = before + moved(after, ids[0], STEPS[by])
    whose = request.business, asked.member.username, asked.day
    try:
        revision = orders.put(*whose, ids, key=key_sent(request))
    except StoreUnavailable as error:
        return _page(request, asked, None, 503, not_written(error), key_sent(request))
    request.revision = max(request.revision, revision)
    if is_fetch(request):
        part = HttpResponse(_part(request, _day(request, asked)))
        return with_revision(request, part, revision)
    messages.success(request, _("The stops are in that order now."))
    response = see_other("day", query=_query(asked, sent.get("at", "")))
    return with_revision(request, response, revision)


def _part(request: SiteRequest, shown: Day) -> str:
    return render_to_string("dispatch/_day.html", _context(request, shown), request)


def _page(
    request: SiteRequest,
    asked: Asked,
    shown: Day | None = None,
    status: int = 200,
    said: str = "",
    key: str = "",
) -> HttpResponse:
    shown = shown or _day(request, asked)
    context = _context(request, shown, key) | {
        "said": said or asked.wrong,
        "whose": "" if shown.is_own else shown.member.username,
        "offline": offline_of(request),
        "people": _people(request, shown) if request.user.may["look_at_every_job"] else [],
    }
    response = render(request, "dispatch/day.html", context, status=status)
    return with_revision(request, response, shown.book.revision)


def _asked(request: SiteRequest, query: Any) -> Asked:
    """Raises PermissionDenied where another's day is not theirs to see."""
    business, own = request.business, request.user.member
    today = business.today(wiring.now())
    username = query.get("member", "").strip().lower() or own.username
    is_own = username == own.username
    if not is_own and not request.user.may["look_at_every_job"]:
        raise PermissionDenied(_("You see your own day only. Ask a dispatcher."))
    member = own if is_own else wiring.roster(business).read().value(username)
    if member is None:
        return Asked(own, today, _("Nobody of that name is on the roster."))
    try:
        typed = query.get("date", "").strip()
        return Asked(member, date_of(typed, "date") if typed else today)
    except InvalidInput as error:
        return Asked(member, today, explain(error, business))


def _day(request: SiteRequest, asked: Asked) -> Day:
    """Raises StoreUnavailable."""
    return _whose(request, asked).now(request.revision)


def _whose(request: SiteRequest, asked: Asked) -> Whose:
    query, viewer = request.POST if request.method == "POST" else request.GET, request.user.member
    return Whose(request.business, asked.day, asked.member, viewer, query.get("at", ""))


def _context(request: SiteRequest, shown: Day, key: str = "") -> dict[str, Any]:
    query, key = _query(Asked(shown.member, shown.day)), key or wiring.new_token()
    return {
        "day": shown,
        "key": key,
        "order": f"{reverse('day-order')}?{query}",
        "stops": Markup(request, shown, query, key),
    }


def _query(asked: Asked, at: str = "") -> str:
    """A day's address, whoever looks at it and whenever."""
    query = {"date": f"{asked.day}", "member": asked.member.username, "at": at}
    return urlencode({name: value for name, value in query.items() if value})


def _people(request: SiteRequest, shown: Day) -> list[tuple[Member, int]]:
    """Whose day may be looked at, and how many stops it has."""
    stops = Counter(name for job in shown.everybodys for name in set(job.crew))
    members = [each for each in shown.roster.members if each.active or stops[each.username]]
    return [(each, stops[each.username]) for each in members]
