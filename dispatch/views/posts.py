"""Addresses that only forms are sent to, and what is said where nobody knows if one arrived."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponseBase]
UNSURE = (
    "We cannot reach our records right now, so we do not know yet whether this was saved."
    " What you typed is still here: please send it again in a minute; that does not do it twice."
)


def post_only(page: str) -> Callable[[View], View]:
    """Whoever comes by such an address, as after signing in again, is taken to its form's page.

    `page` is that one's name; it takes the same arguments.
    """

    def decorate(view: View) -> View:
        posted = require_POST(view)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(reverse(page, args=args, kwargs=kwargs))
            return posted(request, *args, **kwargs)

        return guarded

    return decorate
