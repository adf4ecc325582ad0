"""Days off, as a dispatcher or the member says them."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from dispatch import roster, wiring
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.explain import UNSURE
from dispatch.forms.roster import DaysForm
from dispatch.http import SiteRequest
from dispatch.templatetags.formats import typed

STEPS = {"away": roster.set_away, "back": roster.set_back}


def days_form(request: SiteRequest, data: Mapping[str, Any] | None = None) -> DaysForm:
    business = request.business
    return DaysForm(data, business=business, today=business.today(wiring.now()))


def set_days(request: SiteRequest, username: str, form: DaysForm) -> tuple[int, str]:
    """The answer's status and words: 303 and what was done, else why to show the form again."""
    step = STEPS.get(request.POST.get("set", ""))
    if step is None:
        form.add_error(None, _("Say whether away or free again."))
    if step is None or not form.is_valid():
        return 422, _("Please look at the days off below; nothing was saved yet.")
    try:
        member = step(request.business, username, form.days)
    except StoreUnavailable:
        return 503, str(UNSURE)
    is_away = step is roster.set_away
    said = _("{name} is away, {days}.") if is_away else _("{name} is free again, {days}.")
    return 303, format_html(said, name=typed(member.name), days=form.in_words)
