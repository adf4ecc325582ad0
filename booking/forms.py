"""The form in which a customer books a pickup."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from django import forms
from django.core.files.base import File
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from dispatch import wiring
from dispatch.domain import job_input
from dispatch.domain.business import Business, ItemOffer, Load, NotBookable
from dispatch.domain.job import CUSTOMER, Consent, Window
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.outbox.message import Channel
from dispatch.domain.typed import phones
from dispatch.explain.windows import unbookable_text
from dispatch.forms import items
from dispatch.forms.job import JobForm, Typed
from dispatch.jobs import photos

EIGHTHS = {"eighth": 1, "quarter": 2, "half": 4, "full": 8}  # of the truck's bed, by a load's name
NEEDED = {
    "customer_name": gettext_lazy("Please tell us your name."),
    "phone": gettext_lazy("Please give us a number that we can reach you at."),
    "location": gettext_lazy("Please tell us where to pick it up."),
}


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else []


class BookingForm(JobForm):
    """The fields shared with the crew's forms, and those that only a customer chooses."""

    load = forms.Field(
        label=gettext_lazy("How much is it?"), required=False, widget=forms.RadioSelect
    )
    description = Typed(
        "description", gettext_lazy("What is it, in a few words?"), forms.Textarea, rows=3
    )
    photo = forms.Field(label=gettext_lazy("Photos"), required=False, widget=PhotosInput)
    sms = forms.BooleanField(
        label=gettext_lazy("May we text you about this pickup?"), required=False
    )
    date = forms.Field(
        label=gettext_lazy("Which day?"),
        error_messages={"required": gettext_lazy("Please choose a day.")},
    )
    window = forms.Field(
        label=gettext_lazy("What time of day?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Please choose a time of day.")},
    )

    def __init__(self, *args: Any, business: Business, at: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, business=business, **kwargs)
        self.at = at
        self.fields |= items.fields(business)
        if wiring.photos(business) is None:
            del self.fields["photo"]
        self.channels = wiring.carriers(business).keys()
        if Channel.SMS not in self.channels:
            del self.fields["sms"]
        for name, words in NEEDED.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = words
        postcode = self.fields["postcode"]
        postcode.required = bool(business.areas)
        postcode.error_messages["required"] = _("We need it to see whether we come to you.")

    @property
    def counts(self) -> list[tuple[ItemOffer, forms.BoundField]]:
        """What is hauled at a price of its own, and how many of it."""
        return [(offer, self[items.PREFIX + offer.name]) for offer in self.business.items]

    @property
    def is_of_items_alone(self) -> bool:
        """So far, as somebody is still choosing."""
        return not self["load"].value() and any(field.value() for _offer, field in self.counts)

    @cached_property
    def estimate(self) -> Decimal | None:
        """The price of what is chosen so far, whatever else is wrong; None where that is nothing,
        or is wrong itself.
        """
        counts = {field.name: str(field.value() or "") for _offer, field in self.counts}
        given = {"load": str(self["load"].value() or ""), "items": items.given(counts) or []}
        try:
            return self._with_price(job_input.clean(given, self.business)).get("price")
        except InvalidInput:
            return None

    @property
    def terms(self) -> str:
        """What is agreed to by who wants texts; beside the question."""
        return _(
            "%(business)s texts you when this pickup is confirmed or changed, the evening before,"
            " and when the crew is on the way. Message and data rates may apply. Reply STOP to end"
            " the texts. Nobody reads replies: please call instead."
        ) % {"business": self.business.name}

    @property
    def consent(self) -> dict[str, Consent]:
        """By channel; of a valid form."""
        if not self.cleaned_data.get("sms"):
            return {}
        words = f"{self['sms'].label} {self.terms}"
        return {Channel.SMS.value: Consent(at=self.at, by=CUSTOMER, words=words)}

    @property
    def is_by_sms(self) -> bool:
        """So far: that is how they hear from us."""
        return "sms" in self.fields and bool(self["sms"].value())

    @property
    def is_by_email(self) -> bool:
        return Channel.EMAIL in self.channels and bool(self["email"].value())

    @property
    def photos(self) -> "Sequence[File[bytes]]":
        return self.cleaned_data.get("photo") or ()

    @property
    def language(self) -> str:
        """The one that they read this in, or booked in before, where the business writes it."""
        known = self.business.languages
        said = (self.data or self.initial).get("language"), (get_language() or "")[:2]
        return next((each for each in said if each in known), known[0])

    def job_fields(self) -> dict[str, Any]:
        return super().job_fields() | {"language": self.language}

    def forget_others(self, names: Sequence[str]) -> None:
        """What is wrong with other fields than these is not said: nobody has sent them yet."""
        for name in self.errors.keys() - set(names):
            del self.errors[name]

    def judged(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        wrong = self._wrong_here(typed)
        try:
            fields = self._with_price(super().judged(typed))
        except InvalidInput as invalid:
            raise InvalidInput({**wrong, **invalid.errors}) from None
        if (postcode := fields.get("postcode")) and not self.business.serves(postcode):
            wrong["postcode"] = self._or_call(_("We do not come to %s as a rule.") % postcode)
        window: Window | None = fields.get("window")
        if window and (why := self.business.not_bookable(window, self.at)):
            is_days = why is not NotBookable.TOO_SOON
            said = unbookable_text(why, window, self.business, self.at)
            wrong["window.date" if is_days else "window"] = self._or_call(said)
        if wrong:
            raise InvalidInput(wrong)
        return fields

    def _wrong_here(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with what only customers are asked for, by field."""
        wrong: dict[str, str] = {}
        counted = {name for name in self.data if name.startswith(items.PREFIX)}
        gone = {name for name in counted - self.fields.keys() if self.data[name].strip("0 ")}
        if gone:
            wrong["load"] = _("Our list has changed meanwhile. Please choose your items again.")
        elif not (typed.get("load") or items.given(typed)):
            wrong["load"] = (
                _("Please choose how much there is to haul, or count the items.")
                if self.business.items
                else _("Please choose how much there is to haul.")
            )
        if typed.get("sms") and phones.dialled(typed.get("phone", ""), self.business.country)[1]:
            wrong["phone"] = _(
                "A text reaches no extension. Give a number without one, or untick the texts below."
            )
        try:
            photos.check_sent(typed.get("photo") or ())
        except InvalidInput as invalid:
            wrong |= invalid.errors
        return wrong

    def _with_price(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Items alone have a price, too."""
        counted = fields.get("items")
        if fields.get("load") or not counted:
            return fields
        return fields | job_input.load_price(None, counted, self.business)

    def _or_call(self, why: str) -> str:
        phone = self.business.phone_text(self.business.phone)
        return _("%(why)s Or call us: %(phone)s.") % {"why": why, "phone": phone}


def blank(business: Business) -> BookingForm:
    """The form before anybody has typed: one object for all, by which its page is kept."""
    has_photos = wiring.photos(business) is not None
    return _blank(business, get_language(), has_photos, tuple(wiring.carriers(business)))


@lru_cache(maxsize=16)
def _blank(business: Business, *_what_else_it_shows: object) -> BookingForm:
    return BookingForm(business=business, at=wiring.now())


class Sized(NamedTuple):
    """A load, and how much of the truck's bed it fills, in eighths."""

    load: Load
    eighths: int


@lru_cache(maxsize=16)
def sizes(business: Business) -> tuple[Sized, ...]:
    """The loads with a picture of each: as much as its name says, else by its place in the list."""
    every = len(business.loads)
    return tuple(
        Sized(load, EIGHTHS.get(load.name) or max(1, round(8 * place / every)))
        for place, load in enumerate(business.loads, 1)
    )


def with_instead(posted: QueryDict) -> QueryDict:
    """What was posted, with the window of the button that was pressed instead of the chosen one:
    `instead` is a date and a window's name.
    """
    day, _space, name = posted.get("instead", "").partition(" ")
    if not name:
        return posted
    chosen = posted.copy()
    chosen["date"], chosen["window"] = day, name
    return chosen
