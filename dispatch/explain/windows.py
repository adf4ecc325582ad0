"""Why a customer cannot ask for a window, in a sentence for them."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dispatch.domain.business import Business, NotBookable
from dispatch.domain.job import Window
from dispatch.templatetags.formats import day_text

TOO_LATE = gettext_lazy("It is too late for that time. Please choose a later one.")


def unbookable_text(why: NotBookable, window: Window, business: Business, at: datetime) -> str:
    """`We are closed on Sat, May 23. Please choose another day.`"""
    day = day_text(window.date, business, at)
    match why:
        case NotBookable.CLOSED:
            return _("We are closed on %s. Please choose another day.") % day
        case NotBookable.NOT_THEN:
            return _("We have no such time on %s. Please choose another.") % day
        case NotBookable.OVER if window.date == business.today(at):
            return str(TOO_LATE)
        case NotBookable.TOO_SOON if not business.notice_hours:
            return str(TOO_LATE)
        case NotBookable.OVER:
            return _("%s is over. Please choose another day.") % day
        case NotBookable.TOO_SOON:
            notice = ngettext(
                "We need an hour’s notice. Please choose a later time.",
                "We need %(hours)d hours’ notice. Please choose a later time.",
                business.notice_hours,
            )
            return notice % {"hours": business.notice_hours}
        case NotBookable.TOO_FAR:
            ahead = ngettext(
                "We take bookings up to a day ahead.",
                "We take bookings up to %(days)d days ahead.",
                business.horizon_days,
            )
            return ahead % {"days": business.horizon_days}
