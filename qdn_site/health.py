"""Answers for machines, on any host, before anything else can fail."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from dispatch import jobs, wiring
from dispatch.domain.business import Business
from dispatch.domain.stored.document import StoreUnavailable
from qdn_site import PAGES_API, __version__
from qdn_site.middleware import Middleware
from qdn_site.releases import pages


class HealthMiddleware(Middleware):
    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = {"/healthz": healthz, "/readyz": readyz}.get(request.path_info)
        return answer() if answer else self.get_response(request)


def healthz() -> JsonResponse:
    """200 while the process serves; touches no storage."""
    about = {"status": "ok", "version": __version__, "pages_api": PAGES_API}
    return _answer({**about, **pages.health()})


def readyz() -> JsonResponse:
    """200 while jobs and roster of every business can be read; the oldest of each in seconds.
    Anybody may ask, so no business is named.
    """
    stores: dict[str, float | None] = {}
    for name, open_repository in (("jobs", wiring.jobs), ("roster", wiring.roster)):
        ages = [_age(open_repository, business) for business in settings.BUSINESSES]
        known = [age for age in ages if age is not None]
        stores[name] = max(known) if len(known) == len(ages) else None
    ready = all(age is not None and not jobs.is_silent(age) for age in stores.values())
    status = "ok" if ready else "storage out of reach"
    shown = {name: age and round(age, 1) for name, age in stores.items()}
    return _answer({"status": status, "confirmed_seconds_ago": shown}, 200 if ready else 503)


def _age(open_repository: Callable[[Business], Any], business: Business) -> float | None:
    repository = open_repository(business)
    try:
        repository.read()  # which looks again where it is not sure
    except StoreUnavailable:
        return None
    return float(repository.age())


def _answer(body: dict[str, object], status: int = 200) -> JsonResponse:
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})
