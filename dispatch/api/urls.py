"""The API's addresses. The site adds those that other apps bring."""

from django.urls import URLPattern, URLResolver, path, re_path
from dmr.routing import Router
from dmr.routing import path as api_path

from dispatch.api import actions, crew, docs, jobs, signing_in
from dispatch.api.docs import OpenApi

ROUTES = [
    api_path("token", signing_in.TokenApi.as_view()),
    api_path("jobs", jobs.JobsApi.as_view()),
    api_path("jobs/<str:job_id>", jobs.JobApi.as_view()),
    api_path("jobs/<str:job_id>/status", actions.StatusApi.as_view()),
    api_path("jobs/<str:job_id>/crew", actions.CrewApi.as_view()),
    api_path("crew", crew.FreeCrewApi.as_view()),
    api_path("jobs/<str:job_id>/notes", actions.NotesApi.as_view()),
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
