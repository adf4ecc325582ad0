"""The board, whole and as its poll asks for it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.board.filters import Filters
from dispatch.board.page import Board
from dispatch.domain.permissions import Permission
from dispatch.explain.words import could_not
from dispatch.forms.several import blank
from dispatch.http import SiteRequest, crew_only, is_known, with_revision


@require_safe
@crew_only(Permission.LOOK)
def board(request: SiteRequest) -> HttpResponse:
    shown = board_of(request)
    people = [member for member in shown.roster.members if member.active]
    context = {"board": shown, "people": people, "could_not": could_not()}
    context["key"] = wiring.new_token()
    context["several"] = blank(request.business, shown.roster)
    response = render(request, "dispatch/board.html", context)
    return with_revision(request, response, shown.book.revision)


@require_safe
@crew_only(Permission.LOOK, poll=True)
def board_part(request: SiteRequest) -> HttpResponse:
    """The poll: the changing part alone, or 304 where it has not changed."""
    shown = board_of(request)
    if is_known(request, shown.etag):
        response = HttpResponse(status=304)
    else:
        response = render(request, "dispatch/_board.html", {"board": shown})
    response.headers["ETag"] = shown.etag
    return response


def board_of(request: SiteRequest) -> Board:
    repository = wiring.jobs(request.business)
    book = repository.read(request.revision)
    return Board(
        business=request.business,
        book=book,
        roster=wiring.roster(request.business).read(),
        member=request.user.member,
        at=wiring.now(),
        age=repository.age(),
        filters=Filters.of(request.GET),
        damaged=repository.damaged_months,
    )
