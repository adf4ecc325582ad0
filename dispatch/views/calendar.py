"""A member's calendar, for programs that fetch it: no account, no cookie; the link is the key."""

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dispatch import feed
from dispatch.domain.roster import MemberNotFound
from dispatch.http import SiteRequest, etag_of, is_known, speak
from dispatch.ratelimit import Limit, source
from dispatch.turns import in_a_thread

UNKNOWN_CALENDARS = Limit("unknown calendars", most=60, seconds=60)


@require_safe
def calendar(request: SiteRequest, secret: str) -> HttpResponse:
    """304 where nothing of it has changed."""
    business = request.business
    try:
        with UNKNOWN_CALENDARS.misses(source(request), MemberNotFound):
            member = feed.holder(business, secret)
    except MemberNotFound as error:
        raise Http404 from error
    speak(request, member.language)
    name = _("%(member)s · %(business)s") % {"member": member.first_name, "business": business.name}
    job_url = request.build_absolute_uri(reverse("board")) + "jobs/"
    shown = name, feed.entries(business, member), job_url
    etag = etag_of(shown)
    response = HttpResponse(status=304)
    if not is_known(request, etag):
        written = in_a_thread(feed.written, *shown)
        response = HttpResponse(written, content_type="text/calendar; charset=utf-8")
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    return response
