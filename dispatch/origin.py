"""Forms without a cookie: the secret address is the authority, the browser says who asks."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from dispatch.links import public_url

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def own_pages_only(view: View[P]) -> View[P]:
    """Refuse a POST that another site's page sent; one without a browser's headers may pass."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and not _is_own(request):
            raise PermissionDenied("That came from another site's page, so we did nothing.")
        return view(request, *args, **kwargs)

    return guarded


def _is_own(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    here = f"{request.scheme}://{request.get_host()}"
    return origin in (None, here, public_url(request))
