"""Where the crew are on their way to a customer, as their phone says."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite

from dispatch.domain.job_input import InvalidInput
from dispatch.domain.stored.record import Record
from dispatch.domain.typed.sentences import Sentence as _

KEPT = timedelta(minutes=15)  # beyond, nobody is there any more
DECIMALS = 4  # of a degree: eleven metres, nearer than the door is nobody's business
MOST_DEGREES = {"lat": 90.0, "lon": 180.0}


class Position(Record, frozen=True):
    """In degrees (WGS 84), and when the phone was there."""

    lat: float
    lon: float
    at: datetime

    @classmethod
    def typed(cls, given: Mapping[str, str], at: datetime) -> "Position":
        """Of the fields `lat` and `lon`. Raises InvalidInput."""
        lat, lon = (_degrees(name, given.get(name, "")) for name in MOST_DEGREES)
        return cls(lat=lat, lon=lon, at=at)

    def is_fresh(self, at: datetime) -> bool:
        """True while it still tells anything."""
        return at - self.at <= KEPT


def _degrees(name: str, typed: str) -> float:
    try:
        degrees = float(typed)
    except ValueError:
        degrees = float("nan")
    if not isfinite(degrees) or abs(degrees) > MOST_DEGREES[name]:
        raise InvalidInput({name: _("That is no place on earth.")})
    return round(degrees, DECIMALS)
