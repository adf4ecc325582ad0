"""What a job knows of its photos; their files are kept elsewhere."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from dispatch.domain.stored.record import LONG_AGO, Record

MOST_PHOTOS = 20  # of a job
MOST_OF_REQUEST = 6  # of those, as a customer sends them along
OUR_ID = re.compile(r"[A-Za-z0-9_-]+")


class Kind(StrEnum):
    """What a photo shows; one of a problem is not for the customer."""

    REQUEST = "request"
    BEFORE = "before"
    AFTER = "after"
    PROBLEM = "problem"


class Photo(Record, frozen=True):
    """One photo. Of those that old files name by their id alone nothing else is known."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Kind = Kind.BEFORE
    at: datetime = LONG_AGO
    by: str = ""

    @property
    def has_our_id(self) -> bool:
        """False for what an old file may say, and what leads elsewhere as a file's name."""
        return OUR_ID.fullmatch(self.id) is not None
