"""Settings for pictures and throttles: the clock stands at `QDN_NOON`, links are the public ones.

An outage is said early, wrong passwords are soon refused, and there is one page that breaks.
"""

import os
from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from msgspec.structs import replace

from dispatch import jobs, wiring
from qdn_site.settings import *  # noqa: F403
from qdn_site.settings import ALLOWED_HOSTS, BUSINESSES, MIDDLEWARE

BROKEN = os.environ["QDN_BROKEN"]
NOON = datetime.fromisoformat(os.environ["QDN_NOON"])
PASSWORD_HASHERS = ["tests.quick_argon2.QuickArgon2"]
wiring.now = lambda: NOON
jobs.SILENT = 4  # seconds; a busy machine is no outage
WHOSE = MIDDLEWARE.index("qdn_site.middleware.BusinessMiddleware") + 1
MIDDLEWARE = [*MIDDLEWARE[:WHOSE], "tests.noon.at_the_public_address", *MIDDLEWARE[WHOSE:]]


OTHER = "other.localhost"  # where the business has another name, colour and mark
ALLOWED_HOSTS = [*ALLOWED_HOSTS, OTHER]
LOOKS = {"name": "Thistle Clearances", "colour": "#c4b5fd", "mark": "TC"}


def at_the_public_address(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        if request.path == BROKEN:
            raise RuntimeError("as something may that nobody foresaw")
        if request.get_host().startswith(OTHER):
            request.business = replace(BUSINESSES[0], **LOOKS)  # type: ignore[attr-defined]
        if site := BUSINESSES[0].production:
            request.public_url = site.public_url  # type: ignore[attr-defined]
        return get_response(request)

    return answer
