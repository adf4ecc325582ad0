"""The customer's addresses. Whatever else begins like a link is an unknown one."""

from django.urls import path, re_path

from dispatch.domain.status import Status
from tracking.views import changes, language, link, live, moves, page, papers

urlpatterns = [
    path("<str:token>", page.track, name="track"),
    path("<str:token>/live", live.live, name="track-live"),
    path("<str:token>/ready", moves.move, {"to": Status.READY_FOR_PICKUP}, name="track-ready"),
    path("<str:token>/cancel", moves.move, {"to": Status.CANCELLED}, name="track-cancel"),
    path("<str:token>/reschedule", changes.reschedule, name="track-reschedule"),
    path("<str:token>/message", changes.message, name="track-message"),
    path("<str:token>/language", language.language, name="track-language"),
    path("<str:token>/quote", moves.quote, name="track-quote"),
    path("<str:token>/undo", moves.undo, name="track-undo"),
    path("<str:token>/receipt", papers.receipt, name="track-receipt"),
    path("<str:token>/calendar.ics", papers.calendar, name="track-calendar"),
    path("<str:token>/photos/<str:photo_id>", page.photo, name="track-photo"),
    re_path("^(?P<rest>.*)$", link.not_found, name="unknown-link"),
]
