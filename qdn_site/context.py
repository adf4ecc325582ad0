"""The context of every template."""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, QueryDict
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
        return {"other_languages": ()}
    return {"other_languages": _links(business.languages, get_language(), request.GET.urlencode())}


@lru_cache(maxsize=64)
def _links(languages: tuple[str, ...], shown: str | None, query: str) -> tuple[dict[str, str], ...]:
    """One object for one answer, by which the page's end is kept."""
    links = []
    for code in languages:
        if code != shown:
            asked = QueryDict(query, mutable=True)
            asked[LANGUAGE_PARAMETER] = code
            name = get_language_info(code)["name_local"].capitalize()
            links.append({"code": code, "name": name, "query": asked.urlencode()})
    return tuple(links)
