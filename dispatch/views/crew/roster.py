"""The roster's pages, for dispatchers: its members, their days off and their access."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dispatch import roster, wiring
from dispatch.calendar.month import Month, days_off, row
from dispatch.domain.availability import clashes, jobs_of, overfull
from dispatch.domain.permissions import Permission
from dispatch.domain.roster import Member, MemberNotFound
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import LOOK_BELOW, UNSURE, explain
from dispatch.forms.roster import MemberForm, NewMemberForm
from dispatch.http import SiteRequest, crew_only, post_only, see_other, with_revision
from dispatch.templatetags.formats import typed
from dispatch.views.crew.days import days_form, set_days

# The first password is shown once: where that answer was lost, only a new one helps.
UNSURE_OF_NEW = gettext_lazy(
    "We cannot reach our records right now, so we do not know yet whether they were added."
    " What you typed is still here. Look at the roster first, in a minute: if they are on it, make"
    " them a new password on their page; if not, send this again."
)
ACCESS = {
    "sign-out": (
        roster.sign_out_everywhere,
        gettext_lazy("Every session of theirs has ended, and so has their calendar’s link."),
    ),
    "deactivate": (
        roster.deactivate,
        gettext_lazy("They cannot sign in or be assigned any more; history keeps them."),
    ),
    "reactivate": (
        roster.reactivate,
        gettext_lazy("Back on the roster. They sign in with the password that they had."),
    ),
}


@require_safe
@crew_only(Permission.KEEP_ROSTER)
def members(request: SiteRequest) -> HttpResponse:
    """The roster and a month; with `all`, those who have left too."""
    business = request.business
    today = business.today(wiring.now())
    month = Month.of(request.GET.get("month", ""), today)
    known = wiring.roster(business).read()
    active = [member for member in known.members if member.active]
    everybody = "all" in request.GET
    context = {
        "people": [
            (each, row(each, business, [today], today)[0])
            for each in (known.members if everybody else active)
        ],
        "left": len(known.members) - len(active),
        "all": everybody,
        "month": month,
        "today": today,
        "rows": [(each, row(each, business, month.days, today)) for each in active],
    }
    return render(request, "dispatch/roster.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.KEEP_ROSTER)
@never_cache
def new_member(request: SiteRequest) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = NewMemberForm(posted, business=request.business)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            member, password = roster.add_member(request.business, form.wanted)
        except roster.NameTaken as error:
            status = 409
            form.add_error("username", explain(error, request.business))
        except StoreUnavailable:
            status = 503
            form.add_error(None, UNSURE_OF_NEW)
        else:
            said = _("%(name)s is on the roster.") % {"name": member.name}
            return _member_page(request, member, said=said, password=password)
    return render(request, "dispatch/new_member.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@crew_only(Permission.KEEP_ROSTER)
def member(request: SiteRequest, username: str) -> HttpResponse:
    found = _find(request, username)
    if request.method != "POST":
        return _member_page(request, found)
    form = MemberForm(request.POST, business=request.business, member=found)
    if not form.is_valid():
        return _member_page(request, found, 422, str(LOOK_BELOW), form=form)
    try:
        saved = roster.edit_member(request.business, username, form.wanted, seen=form.seen)
    except roster.MemberConflict as error:
        words, now = explain(error, request.business), error.member
        return _member_page(request, now, 409, words, form=form.again(error))
    except roster.LastDispatcher as error:
        words = explain(error, request.business)
        form.add_error("rank", words)
        return _member_page(request, found, 409, words, form=form)
    except StoreUnavailable:
        return _member_page(request, found, 503, str(UNSURE), form=form)
    messages.success(request, format_html(_("{name}: saved."), name=typed(saved.name)))
    return see_other("member", username)


@post_only("member")
@crew_only(Permission.KEEP_ROSTER)
def days(request: SiteRequest, username: str) -> HttpResponse:
    """A range; or, from a button of the month, the `day` in the address."""
    found, day = _find(request, username), request.GET.get("day")
    form = days_form(request, {"from": day, "to": day} if day else request.POST)
    status, said = set_days(request, username, form)
    if status != 303:
        return _member_page(request, found, status, said, off_form=form)
    messages.success(request, said)
    if day:
        return see_other(
            "roster", query=f"month={request.GET.get('month', '')[:7]}", anchor="month"
        )
    return see_other("member", username, anchor="off")


@post_only("member")
@crew_only(Permission.KEEP_ROSTER)
def sick(request: SiteRequest, username: str) -> HttpResponse:
    """Away today, and off all jobs of today, which the next page gives to others."""
    found, business = _find(request, username), request.business
    today = business.today(wiring.now())
    taken = roster.sick(business, username, today, by=request.user.actor)
    count = len(taken.jobs)
    words = _("{name} is away today; no job was theirs.")
    if count:
        words = ngettext(
            "{name} is away today; {count} job came back.",
            "{name} is away today; {count} jobs came back.",
            count,
        )
    messages.success(request, format_html(words, name=typed(found.name), count=count))
    page = see_other("cover", username) if taken.jobs else see_other("member", username)
    return with_revision(request, page, taken.revision)


@post_only("member")
@crew_only(Permission.KEEP_ROSTER)
@never_cache
def access(request: SiteRequest, username: str) -> HttpResponse:
    """`do`: a new `password`, `sign-out` everywhere, `deactivate`, `reactivate`."""
    found, do = _find(request, username), request.POST.get("do", "")
    if do == "password":
        password = roster.new_password(request.business, username)
        said = _("A new password is set; every session with the old one has ended.")
        return _member_page(request, _find(request, username), said=said, password=password)
    if do not in ACCESS:
        return _member_page(request, found, 422, _("Say what is to be done."))
    step, words = ACCESS[do]
    try:
        step(request.business, username)
    except roster.LastDispatcher as error:
        return _member_page(request, found, 409, explain(error, request.business))
    messages.success(request, format_html("{}: {}", typed(found.name), words))
    return see_other("member", username)


def _find(request: SiteRequest, username: str) -> Member:
    """Raises Http404; a member who was just added by another worker is found."""
    repository = wiring.roster(request.business)
    try:
        return repository.read().value(username) or repository.refreshed().member(username)
    except MemberNotFound as error:
        raise Http404(username) from error


def _member_page(
    request: SiteRequest,
    shown: Member,
    status: int = 200,
    said: str = "",
    *,
    password: str = "",
    **forms: Any,
) -> HttpResponse:
    """One member; a new `password` is shown this once. `forms` keep what was typed."""
    business, username = request.business, shown.username
    today = business.today(wiring.now())
    book = wiring.jobs(business).read(request.revision)
    known, late = wiring.roster(business).read(), overfull(book, business)
    context = {
        "member": shown,
        "said": said,
        "refused": status >= 400,
        "password": password,
        "form": MemberForm(business=business, member=shown),
        "off_form": days_form(request),
        "off": days_off(shown, business, today),
        "today": jobs_of(book, username, today),
        "back": roster.came_back(book, business, username, today),
        "in_the_way": [
            job
            for job in book.jobs
            if username in {clash.username for clash in clashes(job, known, late)}
        ],
        "is_me": username == request.user.username,
    } | forms
    return render(request, "dispatch/member.html", context, status=status)
