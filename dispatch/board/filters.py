"""The filters in the board's address, which the API and the history ask by too."""

import datetime
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from dispatch.domain.business import Business
from dispatch.domain.job import JobLine
from dispatch.domain.job_input import InvalidInput, date_of
from dispatch.domain.search import is_found

UNASSIGNED = "-"


@dataclass(frozen=True)
class Filters:
    """The filters in the board's address."""

    q: str = ""
    crew: str = ""
    date: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        return cls(**{each.name: query.get(each.name, "").strip() for each in fields(cls)})

    def __bool__(self) -> bool:
        return any((self.q, self.crew, self.date))

    @cached_property
    def wrong_date(self) -> str:
        """Why there is no board of the date that was typed: then it is of nothing."""
        try:
            date_of(self.date, "date")
        except InvalidInput as error:
            return error.errors["date"] if self.date else ""
        return ""

    @cached_property
    def day(self) -> datetime.date | None:
        """The day whose board it is; None where it is of all that is open."""
        is_day = self.date and not self.wrong_date
        return datetime.date.fromisoformat(self.date) if is_day else None

    @property
    def query(self) -> str:
        return urlencode({name: text for name, text in asdict(self).items() if text})

    def let_through(self, job: JobLine, business: Business) -> bool:
        """True where crew and words fit; which day it is of is asked elsewhere."""
        if self.crew == UNASSIGNED and job.crew.driver:
            return False
        if self.crew not in ("", UNASSIGNED) and self.crew not in set(job.crew):
            return False
        return not self.q or is_found(job, self.q, business.country)
