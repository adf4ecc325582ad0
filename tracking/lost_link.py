"""`/lost-link/`: the same answer to whoever asks, given before anything is looked up."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dispatch import wiring
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain.words import told
from dispatch.http import SiteRequest, own_pages_only, see_other
from dispatch.outbox import links
from dispatch.ratelimit import Limit, TooMany, source

ASKS = Limit("lost links", most=10, seconds=3600)
ASKED = "asked"  # of the page's query, once it was


class LostLinkForm(forms.Form):
    to = forms.Field(
        label=gettext_lazy("Your phone number or e-mail address"),
        widget=forms.TextInput({"maxlength": 254, "autocomplete": "email"}),
        required=False,  # `links.ask` says what is missing
    )


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def lost_link(request: SiteRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, LostLinkForm(), 200, asked=ASKED in request.GET)
    form, typed = LostLinkForm(request.POST), request.POST.get("to", "")
    try:
        with ASKS.unless(source(request), InvalidInput):
            links.ask(request.business, typed, wiring.now())
    except InvalidInput as invalid:
        form.add_error("to", told(invalid.errors["to"]))
        return _page(request, form, 422)
    except StoreUnavailable:
        return _page(request, form, 503, unavailable=True)
    except TooMany as hurried:
        response = _page(request, form, 429, hurried=True)
        response.headers["Retry-After"] = str(hurried.retry_after)
        return response
    return see_other("lost-link", query=ASKED)


def _page(request: SiteRequest, form: LostLinkForm, status: int, **said: bool) -> HttpResponse:
    response = render(request, "tracking/lost_link.html", {"form": form, **said}, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
