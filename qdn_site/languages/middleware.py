"""Which language an answer is in, and how a link's choice travels, without a cookie."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, override
from django.utils.translation.trans_real import parse_accept_lang_header

from dispatch.http import LANGUAGE_PARAMETER, SiteRequest

API, DASHBOARD = "/api/", "/dashboard/"
IN_WORDS = ("text/html", "text/plain", "application/json")


class LanguageMiddleware:
    """The language that the address asks for, else the browser's, else the business's first; views
    that know a job or a member let theirs go before the browser's (`dispatch.http.speak`).

    Programs, which call the API, are answered in English.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: SiteRequest) -> HttpResponse:
        if request.path_info.startswith(API):
            request.asked_language = "en"
            with override("en"):
                return self.get_response(request)
        spoken, asked = request.business.languages, request.GET.get(LANGUAGE_PARAMETER, "")
        request.asked_language = asked if asked in spoken else ""
        is_crews = request.path_info.startswith(DASHBOARD)
        request.carried_language = "" if is_crews else request.asked_language
        wanted = request.headers.get("Accept-Language", "")
        with override(request.asked_language or preferred(wanted, spoken)):
            response = self.get_response(request)
            _declare(response)
        if request.carried_language:
            _carry(response, request.carried_language)
        return response


def preferred(accepted: str, spoken: Sequence[str]) -> str:
    """Of the languages `spoken` the one that an Accept-Language asks for; else the first."""
    for tag, weight in parse_accept_lang_header(accepted):
        if weight and (code := tag.partition("-")[0]) in spoken:
            return code
    return spoken[0]


def _declare(response: HttpResponse) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    is_everybodys = response.headers.get("Cache-Control", "").startswith("public")
    if kind in IN_WORDS and not is_everybodys:
        response.headers.setdefault("Content-Language", get_language())
        patch_vary_headers(response, ["Accept-Language"])


def _carry(response: HttpResponse, language: str) -> None:
    """On to the page that follows."""
    place = urlsplit(response.headers.get("Location", ""))
    if place.path and not place.netloc and f"{LANGUAGE_PARAMETER}=" not in place.query:
        query = "&".join(filter(None, (place.query, f"{LANGUAGE_PARAMETER}={language}")))
        response.headers["Location"] = place._replace(query=query).geturl()
