"""The statuses of a job: the one definition that board, tracking page, API and tests read."""

from enum import StrEnum

from dispatch.domain.typed.sentences import Sentence as _


class Status(StrEnum):
    """A job's place in its life, in the order of a good day; `cancelled` stands outside it."""

    label: str
    colour: str
    aliases: tuple[str, ...]
    place: int  # of this order
    is_open: bool  # asked of each job, for each page

    def __new__(cls, value: str, label: str = "", colour: str = "", *aliases: str) -> "Status":
        status = str.__new__(cls, value)
        status._value_ = value
        status.label = label
        status.colour = colour
        status.aliases = aliases
        status.place = len(cls.__members__)
        status.is_open = value not in ("completed", "cancelled")
        return status

    PENDING = "pending", _("Requested"), "blue", "requested", "new"
    BOOKED = (
        "booked",
        _("Booking Confirmed"),
        "blue",
        "booking_confirmed",
        "confirmed",
        "scheduled",
    )
    READY_FOR_PICKUP = "ready_for_pickup", _("Ready for Pickup"), "yellow", "ready"
    IN_PROGRESS = "in_progress", _("In Progress"), "orange", "started", "en_route"
    COMPLETED = "completed", _("Completed"), "green", "complete", "done"
    CANCELLED = "cancelled", _("Cancelled"), "grey", "canceled"

    @classmethod
    def _missing_(cls, value: object) -> "Status | None":
        """Old files and other systems say `Confirmed` or `done`; msgspec asks here too."""
        name = "_".join(value.lower().replace("-", " ").split()) if isinstance(value, str) else ""
        return next((status for status in cls if name in (status.value, *status.aliases)), None)

    def is_forward_of(self, other: "Status") -> bool:
        """Further along a good day. Nothing is forward to or from `cancelled`."""
        return Status.CANCELLED not in (self, other) and self.place > other.place

    @property
    def next(self) -> "Status | None":
        """The next step of a good day, if there is one."""
        return PATH[self.place + 1] if self in PATH[:-1] else None


PATH = tuple(status for status in Status if status is not Status.CANCELLED)
CREATABLE = (Status.PENDING, Status.BOOKED)
