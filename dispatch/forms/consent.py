"""What customers agreed to, as a dispatcher ticks it, and the language in which they read."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.outbox.consent import had_agreed
from dispatch.domain.outbox.message import Channel

TICKED = "on"


class Tick(forms.CheckboxInput):
    """It is sent where it is not ticked, too, so that who takes a tick away is understood."""

    def format_value(self, value: Any) -> str:
        return TICKED

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        box = super().render(name, value, attrs, renderer)
        return format_html('<input type="hidden" name="{}" value="">{}', name, box)


class Texts(forms.Field):
    """Whether they agreed to text messages."""

    is_tick = True

    def __init__(self) -> None:
        label = gettext_lazy("They agreed to text messages")
        super().__init__(label=label, required=False, widget=Tick())

    def to_python(self, value: object) -> bool:
        return bool(value)


def as_ticked(job: Job, version: int) -> str:
    """As the control shows it, or showed it at that version."""
    return TICKED if had_agreed(job, Channel.SMS, version) else ""


def words(typed: Mapping[str, Any]) -> str:
    """In which they agreed; empty where they did not."""
    return _("They said to us that we may send them text messages.") if typed["sms"] else ""


def check(typed: Mapping[str, Any], phone: str) -> None:
    """Raises InvalidInput for texts to nobody."""
    if typed.get("sms") and not phone:
        raise InvalidInput({"phone": _("Please give the number for the text messages.")})


def languages(business: Business, job: Job | None) -> list[tuple[str, str]]:
    """What the control offers; one language is no choice."""
    known = dict.fromkeys(business.languages)
    if job and job.language:
        known[job.language] = None
    if len(known) < 2:
        return []
    return [("", _("Not said")), *((each, language_name(each)) for each in known)]


def language_name(code: str) -> str:
    """`Spanish`; of one that is not known, its code."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
