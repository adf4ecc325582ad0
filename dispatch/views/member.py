"""What a dispatcher does about one member: days off, sick today, their way in."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from dispatch import roster, wiring
from dispatch.accounts import CrewRequest, crew_only
from dispatch.domain.permissions import Act
from dispatch.forms.roster import one_day
from dispatch.seen import remember
from dispatch.views.crew import find, member_page
from dispatch.views.days import days_form, set_days
from dispatch.views.posts import post_only

SAID = {
    "sign-out": "Every session of theirs has ended.",
    "deactivate": "They cannot sign in or be assigned any more; history keeps them.",
    "reactivate": "Back on the crew. They sign in with the password that they had.",
}


@post_only("member")
@crew_only(Act.KEEP_ROSTER)
def days(request: CrewRequest, username: str) -> HttpResponse:
    """A range; or, from a button of the month, the `day` in the address."""
    found, day = find(request, username), request.GET.get("day")
    form = days_form(request, one_day(day) if day else request.POST)
    status, said = set_days(request, username, form)
    if status != 303:
        return member_page(request, found, said=said, status=status, off_form=form)
    messages.success(request, said)
    month = request.GET.get("month", "")
    there = f"{reverse('crew')}?month={month[:7]}#month" if day else _page(username) + "#off"
    return HttpResponseRedirect(there, status=303)


@post_only("member")
@crew_only(Act.KEEP_ROSTER)
def sick(request: CrewRequest, username: str) -> HttpResponse:
    """Away today, and off all jobs of today, which the page then lists."""
    found, business = find(request, username), request.business
    today = business.today(wiring.now())
    taken = roster.sick(business, username, today, by=request.user.actor)
    count = len(taken.jobs)
    jobs = f"{count} job{'' if count == 1 else 's'} came back" if count else "no job was theirs"
    messages.success(request, f"{found.name} is away today; {jobs}.")
    response = HttpResponseRedirect(_page(username) + "#today", status=303)
    return remember(request, response, taken.revision)


@post_only("member")
@crew_only(Act.KEEP_ROSTER)
@never_cache
def access(request: CrewRequest, username: str) -> HttpResponse:
    """`do`: a new `password`, `sign-out` everywhere, `deactivate`, `reactivate`."""
    found, do = find(request, username), request.POST.get("do", "")
    if do == "password":
        password = roster.new_password(request.business, username)
        said = "A new password is set; every session with the old one has ended."
        return member_page(request, find(request, username), said=said, password=password)
    if do not in SAID:
        return member_page(request, found, said="Say what is to be done.", status=422)
    steps = {
        "sign-out": roster.sign_out_everywhere,
        "deactivate": roster.deactivate,
        "reactivate": roster.reactivate,
    }
    try:
        steps[do](request.business, username)
    except roster.LastDispatcher as error:
        return member_page(request, found, said=str(error), status=409)
    messages.success(request, f"{found.name}: {SAID[do]}")
    return HttpResponseRedirect(_page(username), status=303)


def _page(username: str) -> str:
    return reverse("member", args=[username])
