"""Which release a surface shows here (DESIGN, idea 5)."""

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.domain.document import StoreUnavailable, UnreadableDocument
from qdn_site.releases.pointer import IMAGE, Pointer, Release
from qdn_site.releases.verify import BadPack


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not as the pointer says."""

    brief: str  # for anybody who asks /healthz: neither where things are nor what AWS said
    full: str  # for the log


@dataclass(frozen=True, slots=True)
class Choice:
    id: str  # or IMAGE
    refused: Refusal | None = None  # why it is not what the pointer names
    final: bool = True  # looking again soon changes nothing


def choose(
    surface: str,
    pointer: Pointer,
    *,
    pages_api: int,
    showing: str,
    obtain: Callable[[Release], None],
) -> Choice:
    """The pointer's release while it fits this code; else the newest earlier one that does; else
    the image's own pages. On any doubt about one, what is `showing` stays.

    `obtain` puts a release on this disk; raises BadPack, StoreUnavailable, OSError.
    """
    place = pointer.place(surface)
    if place.current == IMAGE:
        return Choice(IMAGE)
    reasons: list[tuple[str, Exception]] = []
    final = True
    for id in (place.current, *place.previous):
        release = pointer.releases.get(id)
        if release is not None and release.pages_api != pages_api:
            reasons.append((id, _other_code(release, pages_api)))
            continue
        try:
            _obtain(obtain, release, id, surface)
        except (BadPack, StoreUnavailable, OSError) as error:
            reasons.append((id, error))
            final = False
            if showing != IMAGE:
                return Choice(showing, _told(reasons, showing), final)
        else:
            return Choice(id, _told(reasons, id), final)
    return Choice(IMAGE, _told(reasons, IMAGE), final)


def _obtain(
    obtain: Callable[[Release], None], release: Release | None, id: str, surface: str
) -> None:
    if release is None or release.surface != surface:
        raise BadPack("the pointer names it, and knows nothing else of it")
    obtain(release)


def _other_code(release: Release, pages_api: int) -> BadPack:
    return BadPack(f"it asks for PAGES_API {release.pages_api}, this code has {pages_api}")


def _told(reasons: list[tuple[str, Exception]], shown: str) -> Refusal | None:
    if not reasons:
        return None
    what = "the image's own pages are" if shown == IMAGE else f"release {shown[:12]} is"

    def told(say: Callable[[Exception], str]) -> str:
        why = "; ".join(f"release {id[:12]}: {say(error)}" for id, error in reasons)
        return f"{why}; {what} shown instead"

    return Refusal(told(brief), told(str))


def brief(error: Exception) -> str:
    """What is wrong, for everybody."""
    if isinstance(error, BadPack | UnreadableDocument):
        return str(error)  # of what is in it, in our own words
    if isinstance(error, OSError):
        return f"this container's disk: {error.strerror}"
    return "storage out of reach"
