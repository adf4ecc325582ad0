"""The site's addresses."""

from django.urls import include, path

from dispatch.api.urls import urlpatterns as api_urlpatterns
from dispatch.views import calendar
from qdn_site import errors, views
from tracking import lost_link
from tracking.api import ROUTE as TRACK_ROUTE
from tracking.unsubscribe import unsubscribe

urlpatterns = [
    path("", views.home, name="home"),
    path("privacy/", views.privacy, name="privacy"),
    path("brand.svg", views.brand_icon, name="brand-icon"),
    path("brand.css", views.brand_style, name="brand-style"),
    path("favicon.ico", views.icon),
    path("robots.txt", views.robots),
    path("", include("booking.urls")),
    path("track/", include("tracking.urls")),
    path("unsubscribe/<str:signed>", unsubscribe, name="unsubscribe"),
    path("lost-link/", lost_link.lost_link, name="lost-link"),
    path("dashboard/", include("dispatch.urls")),
    path("calendar/<str:secret>.ics", calendar.calendar, name="calendar"),
    path("api/", include(api_urlpatterns(TRACK_ROUTE))),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
