"""The board, whole and as its poll asks for it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dispatch import wiring
from dispatch.answers import Basis, polled
from dispatch.board.filters import Filters
from dispatch.board.page import Board
from dispatch.board.part import BoardPart
from dispatch.domain.permissions import Permission
from dispatch.explain.words import could_not
from dispatch.forms.several import blank
from dispatch.http import SiteRequest, crew_only, with_revision


@require_safe
@crew_only(Permission.LOOK)
def board(request: SiteRequest) -> HttpResponse:
    shown = board_of(request)
    people = [member for member in shown.roster.members if member.active]
    context = {"board": shown, "people": people, "could_not": could_not(), "at": wiring.now()}
    context["key"] = wiring.new_token()
    context["several"] = blank(request.business, shown.roster)
    response = render(request, "dispatch/board.html", context)
    return with_revision(request, response, shown.book.revision)


@require_safe
@crew_only(Permission.LOOK, poll=True)
def board_part(request: SiteRequest) -> HttpResponse:
    """The poll: what has changed, all of it, or 304 where nothing has."""
    basis = Basis.of_member(request)
    return polled(request, basis, part_of(request))


def board_of(request: SiteRequest) -> Board:
    return part_of(request).board(request.revision)


def part_of(request: SiteRequest) -> BoardPart:
    business, filters = wiring.as_in_file(request.business), Filters.of(request.GET)
    return BoardPart(business, request.user.username, filters, get_language() or "")
