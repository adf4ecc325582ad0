"""The context of every template."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info

from dispatch.http import LANGUAGE_PARAMETER


def business(request: HttpRequest) -> dict[str, Any]:
    return {"business": getattr(request, "business", None)}


def other_languages(request: HttpRequest) -> dict[str, Any]:
    """Links to this page in the business's other languages; none from an answer to a form, whose
    text they would lose.
    """
    business = getattr(request, "business", None)
    if business is None or request.method not in ("GET", "HEAD"):
        return {"other_languages": []}
    links = []
    for code in business.languages:
        if code != get_language():
            query = request.GET.copy()
            query[LANGUAGE_PARAMETER] = code
            name = get_language_info(code)["name_local"].capitalize()
            links.append({"code": code, "name": name, "query": query.urlencode()})
    return {"other_languages": links}
