"""Messages in words, in the customer's language and the business's time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from django.template.backends.django import Template
from django.template.loader import get_template
from django.utils.translation import override

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.outbox.message import Channel, Composed, Told
from dispatch.domain.outbox.texts import plain, sayable
from dispatch.outbox.addresses import drawer_link, privacy_link, tracking_link
from tracking.messages.email import composed_email
from tracking.messages.news import News
from tracking.public import TrackedJob

MOST_LINKS = 3  # in a text


def channels_of(event: Told) -> tuple[Channel, ...]:
    """Those on which people read it; the business is written to by e-mail alone."""
    return (Channel.EMAIL,) if event.is_for_business else (Channel.SMS, Channel.EMAIL)


def template_of(event: str, channel: Channel) -> str:
    return f"tracking/messages/{event}.{channel}.txt"


def compose(
    business: Business,
    job: Job,
    event: Told,
    channel: Channel,
    *,
    since: datetime,
    at: datetime,
    unsubscribe: str = "",
) -> Composed:
    """What the message says at `at` of the job, and of what has changed in it `since`; on one of
    the event's `channels_of`.

    Raises StoreUnavailable: the roster knows the crew's first names.
    """
    shown = TrackedJob.of(job, wiring.roster(business).read(), business, at)
    context: dict[str, Any] = {"news": News.of(job, business, since, at)}
    if event.is_for_business:
        context |= {"job": shown, "link": drawer_link(business, job)}
        language = business.languages[0]
    else:
        context |= {"job": _for_text(shown) if channel is Channel.SMS else shown}
        context |= _links(tracking_link(business, job))
        language = _language(business, job)
    with override(language):
        return _composed(business, event, channel, context, unsubscribe)


def compose_links(
    business: Business,
    jobs: Sequence[Job],
    channel: Channel,
    *,
    at: datetime,
    unsubscribe: str = "",
) -> Composed:
    """The links of these jobs, one or more that have one, each with its day; in a text MOST_LINKS.

    Raises StoreUnavailable.
    """
    roster, most = wiring.roster(business).read(), MOST_LINKS if channel is Channel.SMS else None
    shown = [
        (TrackedJob.of(job, roster, business, at), tracking_link(business, job))
        for job in jobs[:most]
    ]
    context = {"jobs": shown, "more": len(jobs) - len(shown)}
    with override(_language(business, jobs[0])):
        return _composed(business, "links", channel, context, unsubscribe)


def _composed(
    business: Business, name: str, channel: Channel, context: dict[str, Any], unsubscribe: str
) -> Composed:
    context |= {"business": business, "unsubscribe": unsubscribe}
    context["privacy"] = privacy_link(business)
    template = cast(Template, get_template(template_of(name, channel)))
    if channel is Channel.SMS:
        return Composed(plain(template.render(context)))
    return composed_email(template, context)


def _links(link: str) -> dict[str, str]:
    """The customer's page and those behind it; none where the link was taken away."""
    if not link:
        return {}
    return {"link": link, "receipt": f"{link}/receipt", "reschedule": f"{link}/reschedule"}


def _language(business: Business, job: Job) -> str:
    return job.language if job.language in business.languages else business.languages[0]


def _for_text(job: TrackedJob) -> TrackedJob:
    """With such names of the crew alone as a text can say."""
    return replace(
        job,
        driver=sayable(job.driver),
        eta_by=sayable(job.eta_by),
        on_my_way_by=sayable(job.on_my_way_by),
    )
