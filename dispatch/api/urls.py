"""The API's addresses. The site adds those that other apps bring."""

from django.urls import URLPattern, URLResolver, path, re_path
from dmr.routing import Router
from dmr.routing import path as api_path

from dispatch.api import docs, jobs, roster, token

ROUTES = [
    api_path("token", token.TokenApi.as_view()),
    api_path("jobs", jobs.JobsApi.as_view()),
    api_path("jobs/<str:job_id>", jobs.JobApi.as_view()),
    api_path("jobs/<str:job_id>/status", jobs.StatusApi.as_view()),
    api_path("jobs/<str:job_id>/crew", jobs.CrewApi.as_view()),
    api_path("crew", roster.FreeCrewApi.as_view()),
    api_path("jobs/<str:job_id>/notes", jobs.NotesApi.as_view()),
]


def urlpatterns(*others: URLPattern) -> list[URLPattern | URLResolver]:
    """All addresses, described together in one schema."""
    routes = [*ROUTES, *others]
    router = Router("api/", routes)
    return [
        *routes,
        path("openapi.json", docs.show, {"router": router, "as_page": False}, name="openapi"),
        path("docs", docs.show, {"router": router, "as_page": True}),
        re_path("", docs.nothing_here),
    ]
