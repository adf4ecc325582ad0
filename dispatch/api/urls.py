"""The API's addresses. The site adds those that other apps bring."""

from django.urls import URLPattern, URLResolver, path, re_path
from dmr.routing import Router
from dmr.routing import path as api_path

from dispatch.api import auth, docs, jobs, notes, roster
from dispatch.api.docs import OpenApi

ROUTES = [
    api_path("token", auth.TokenApi.as_view()),
    api_path("jobs", jobs.JobsApi.as_view()),
    api_path("jobs/<str:job_id>", jobs.JobApi.as_view()),
    api_path("jobs/<str:job_id>/status", jobs.StatusApi.as_view()),
    api_path("jobs/<str:job_id>/crew", jobs.CrewApi.as_view()),
    api_path("crew", roster.FreeCrewApi.as_view()),
    api_path("jobs/<str:job_id>/notes", notes.NotesApi.as_view()),
]


def urlpatterns(*others: URLPattern) -> list[URLPattern | URLResolver]:
    """All addresses, described together in one schema."""
    routes = [*ROUTES, *others]
    schema = OpenApi(Router("api/", routes))
    return [
        *routes,
        path("openapi.json", docs.as_json, {"schema": schema}, name="openapi"),
        path("docs", docs.as_page, {"schema": schema}),
        re_path("", docs.nothing_here),
    ]
