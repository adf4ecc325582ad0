"""The customer's addresses. Whatever else begins like a link is an unknown one."""

from django.urls import path, re_path

from dispatch.domain.status import Status
from tracking import views

urlpatterns = [
    path("<str:token>", views.track, name="track"),
    path("<str:token>/live", views.live, name="track-live"),
    path("<str:token>/ready", views.move, {"to": Status.READY_FOR_PICKUP}, name="track-ready"),
    path("<str:token>/cancel", views.move, {"to": Status.CANCELLED}, name="track-cancel"),
    path("<str:token>/quote", views.quote, name="track-quote"),
    path("<str:token>/undo", views.undo, name="track-undo"),
    path("<str:token>/photos/<str:photo_id>", views.photo, name="track-photo"),
    re_path("^(?P<rest>.*)$", views.not_found, name="unknown-link"),
]
