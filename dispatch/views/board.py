"""The board, whole and as its poll asks for it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.board.filters import Filters
from dispatch.board.page import Board
from dispatch.board.part import BoardPart
from dispatch.domain.permissions import Permission
from dispatch.explain.words import could_not
from dispatch.forms.several import SeveralForm
from dispatch.http import SiteRequest, crew_only, is_known, with_revision

SINCE = "since"  # the revision that the browser shows, of a script that takes in changes


@require_safe
@crew_only(Permission.LOOK)
def board(request: SiteRequest) -> HttpResponse:
    shown = board_of(request)
    people = [member for member in shown.roster.members if member.active]
    context = {"board": shown, "people": people, "could_not": could_not(), "at": wiring.now()}
    context["key"] = wiring.new_token()
    context["several"] = SeveralForm(business=request.business, roster=shown.roster)
    response = render(request, "dispatch/board.html", context)
    return with_revision(request, response, shown.book.revision)


@require_safe
@crew_only(Permission.LOOK, poll=True)
def board_part(request: SiteRequest) -> HttpResponse:
    """The poll: what has changed, all of it, or 304 where nothing has."""
    since, etag = request.GET.get(SINCE, ""), request.headers.get("If-None-Match", "")
    is_number = since.isascii() and since.isdigit() and len(since) < 16
    part = part_of(request).now(request.revision, int(since) if is_number else None, etag)
    known = is_known(request, part.etag)
    response = HttpResponse(status=304) if known else HttpResponse(part.html)
    response.headers["ETag"] = part.etag
    return response


def board_of(request: SiteRequest) -> Board:
    return part_of(request).board(request.revision)


def part_of(request: SiteRequest) -> BoardPart:
    filters = Filters.of(request.GET)
    return BoardPart(request.business, request.user.username, filters, get_language() or "")
