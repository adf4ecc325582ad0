"""The end of messages, in one click: an address that opens nothing else.

It names a channel and a hash, signed for the business: neither a person nor a job.
"""

from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER
from dispatch.domain.outbox.message import Channel
from dispatch.domain.outbox.stops import hash_of
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.http import SiteRequest
from dispatch.outbox import stops
from dispatch.outbox.addresses import public_url

SALT = "unsubscribe"


def unsubscribe_url(business: Business, channel: Channel, to: str) -> str:
    """The whole address for that e-mail address or number. It never ends."""
    signed = _signed(business, channel, hash_of(business, channel, to))
    return public_url(business) + reverse("unsubscribe", args=[signed])


# A mail program posts it too, from wherever it runs (RFC 8058): the address is the authority.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: SiteRequest, signed: str) -> HttpResponse:
    """GET asks, POST stops; done again it is done as well."""
    try:
        channel, hashed = _read(request.business, signed)
    except BadSignature as error:
        raise Http404 from error
    context = {"is_text": channel is Channel.SMS, "done": request.method == "POST"}
    if request.method == "POST":
        try:
            stops.stop_hash(request.business, channel, hashed, by=CUSTOMER)
        except StoreUnavailable:
            context |= {"done": False, "again": True}
            return render(request, "tracking/unsubscribe.html", context, status=503)
    return render(request, "tracking/unsubscribe.html", context)


def _signed(business: Business, channel: Channel, hashed: str) -> str:
    """`<signature>.email.<hash>`: mail programs cut off a `-` or `_` that a link ends in, as
    signatures may.
    """
    signature = Signer(salt=SALT).signature(_value_of(business, channel.value, hashed))
    return f"{signature}.{channel.value}.{hashed}"


def _read(business: Business, signed: str) -> tuple[Channel, str]:
    """Raises BadSignature, for one of another business too."""
    signature, _dot, rest = signed.partition(".")
    channel, _dot, hashed = rest.partition(".")
    Signer(salt=SALT).unsign(f"{_value_of(business, channel, hashed)}:{signature}")
    return Channel(channel), hashed


def _value_of(business: Business, channel: str, hashed: str) -> str:
    return f"{business.slug}.{channel}.{hashed}"
