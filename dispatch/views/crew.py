"""The roster: who is on it, and when they are there."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import roster, wiring
from dispatch.accounts import CrewRequest, crew_only
from dispatch.calendar import Month, days_off, row
from dispatch.domain.availability import clashes, jobs_of, overfull
from dispatch.domain.document import StoreUnavailable
from dispatch.domain.permissions import Act
from dispatch.domain.roster import Member, MemberNotFound, Roster
from dispatch.forms.roster import DaysForm, MemberForm, NewMemberForm
from dispatch.seen import revision_seen
from dispatch.views.days import days_form
from dispatch.views.posts import UNSURE

# The password that they start with is shown once: where that was lost, there is but a new one.
UNSURE_OF_NEW = (
    "We cannot reach our records right now, so we do not know yet whether they were added."
    " What you typed is still here. Look at the crew first, in a minute: if they are on it, make"
    " them a new password on their page; if not, send this again."
)


@require_safe
@crew_only(Act.KEEP_ROSTER)
def crew(request: CrewRequest) -> HttpResponse:
    """The roster and a month; with `all`, those who have left too."""
    business = request.business
    today = business.today(wiring.now())
    month = Month.of(request.GET.get("month", ""), today)
    roster = _with_days_gone_by(request, wiring.roster(business).refreshed(), month)
    members = sorted(roster.members, key=lambda each: each.name)
    active = [member for member in members if member.active]
    everybody = "all" in request.GET
    context = {
        "people": [
            (each, row(each, business, [today], today)[0])
            for each in (members if everybody else active)
        ],
        "left": len(members) - len(active),
        "all": everybody,
        "month": month,
        "today": today,
        "rows": [(each, row(each, business, month.days, today)) for each in active],
    }
    return render(request, "dispatch/crew.html", context)


def _with_days_gone_by(request: CrewRequest, known: Roster, month: Month) -> Roster:
    """In an outage the page goes on with what is known."""
    first, last = month.days[0], month.days[-1]
    try:
        return wiring.with_days_gone_by(known, request.business, first, last)
    except StoreUnavailable:
        messages.warning(request, "Days off that are over cannot be read just now.")
        return known


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Act.KEEP_ROSTER)
@never_cache
def new_member(request: CrewRequest) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = NewMemberForm(posted, business=request.business)
    if posted is None or not form.is_valid():
        status = 200 if posted is None else 422
        return render(request, "dispatch/new_member.html", {"form": form}, status=status)
    try:
        added, password = roster.add_member(request.business, form.wanted)
    except roster.NameTaken:
        form.add_error("username", "Somebody signs in by that name, or has before they left.")
        return render(request, "dispatch/new_member.html", {"form": form}, status=409)
    except StoreUnavailable:
        form.add_error(None, UNSURE_OF_NEW)
        return render(request, "dispatch/new_member.html", {"form": form}, status=503)
    return member_page(request, added, said=f"{added.name} is on the crew.", password=password)


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Act.KEEP_ROSTER)
def member(request: CrewRequest, username: str) -> HttpResponse:
    found = find(request, username)
    if request.method != "POST":
        return member_page(request, found)
    form = MemberForm(request.POST, business=request.business, member=found)
    if not form.is_valid():
        said = "Please look at the fields marked below; nothing was saved yet."
        return member_page(request, found, said=said, status=422, form=form)
    try:
        saved = roster.edit_member(request.business, username, form.wanted, seen=form.seen)
    except roster.MemberConflict as conflict:
        again = form.again(conflict)
        return member_page(request, conflict.member, said=str(conflict), status=409, form=again)
    except roster.LastDispatcher as error:
        form.add_error("rank", str(error))
        return member_page(request, found, said=str(error), status=409, form=form)
    except StoreUnavailable:
        return member_page(request, found, said=UNSURE, status=503, form=form)
    messages.success(request, f"{saved.name}: saved.")
    return HttpResponseRedirect(reverse("member", args=[username]), status=303)


def find(request: CrewRequest, username: str) -> Member:
    """Raises Http404; whoever was just added by another worker is found."""
    try:
        return wiring.roster(request.business).refreshed().member(username)
    except MemberNotFound as error:
        raise Http404(username) from error


def member_page(
    request: CrewRequest,
    shown: Member,
    *,
    said: str = "",
    status: int = 200,
    form: MemberForm | None = None,
    off_form: DaysForm | None = None,
    password: str = "",
) -> HttpResponse:
    """One member; a new `password` is shown this once."""
    business, username = request.business, shown.username
    today = business.today(wiring.now())
    book = wiring.jobs(business).read(revision_seen(request))
    known, late = wiring.roster(business).read(), overfull(book, business)
    context = {
        "member": shown,
        "said": said,
        "refused": status >= 400,
        "password": password,
        "form": form or MemberForm(business=business, member=shown),
        "off_form": off_form or days_form(request),
        "off": days_off(shown, business, today),
        "today": jobs_of(book, username, today),
        "back": roster.came_back(book, business, username, today),
        "in_the_way": [
            job
            for job in book.jobs
            if username in {clash.username for clash in clashes(job, known, business, late)}
        ],
        "is_me": username == request.user.username,
    }
    return render(request, "dispatch/member.html", context, status=status)
