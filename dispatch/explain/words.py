"""Things of a job as people call them."""

from datetime import date

from django.utils.translation import gettext as _

from dispatch.domain.business import Business
from dispatch.domain.job import CUSTOMER, SYSTEM, Window
from dispatch.domain.moves import COULD_NOT
from dispatch.domain.roster import Roster
from dispatch.domain.typed.sentences import Sentence
from dispatch.templatetags.formats import day_text, window_label


def told(sentence: str) -> str:
    """In the reader's language, where it is one of the domain's; any other text as it is."""
    if not isinstance(sentence, Sentence):
        return sentence
    parameters = {
        name: told(value) if isinstance(value, Sentence) else value
        for name, value in sentence.parameters.items()
    }
    translated = _(sentence.template)
    return translated % parameters if parameters else translated


def could_not() -> dict[str, str]:
    """Why a visit came to nothing: what people choose from, by code."""
    return {code: told(words) for code, words in COULD_NOT.items()}


def when(window: Window, business: Business) -> str:
    """`Sat, May 23 (Morning)`."""
    return slot_text(window.date, window.name, business)


def slot_text(day: date, window: str, business: Business) -> str:
    """`Sat, May 23 (Morning)`, though no such window may be offered any more."""
    return f"{day_text(day, business)} ({window_label(window, business)})"


def name_of(by: str, roster: Roster) -> str:
    """The name of who is in a history: a member, the customer or the system."""
    return {CUSTOMER: _("The customer"), SYSTEM: _("The system")}.get(by) or roster.name_of(by)
