"""A container following its stage's pointer: one look every few seconds, one HUP for a change."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dispatch.domain.document import Document, StoreUnavailable, UnreadableDocument
from qdn_site.releases import pointer as pointers
from qdn_site.releases.choose import Choice, Refusal, brief, choose
from qdn_site.releases.disk import Disk
from qdn_site.releases.pointer import IMAGE, Pointer, Release
from qdn_site.releases.store import ReleaseStore, TooLarge
from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.verify import MOST_BYTES, BadPack, verify

log = logging.getLogger(__name__)
EVERY = 2.0  # seconds between looks; an unchanged pointer answers 304
AGAIN = 15.0  # seconds until something that was refused is looked at again
EVERYTHING = "releases"  # under this name /healthz tells what concerns all surfaces


@dataclass
class Follower:
    """`showing` is what the workers show, or will after the HUP that `look` asks for."""

    store: ReleaseStore
    disk: Disk
    pages_api: int
    clock: Callable[[], float] = time.monotonic
    showing: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)
    _known: Document | None = None
    _again: float = float("inf")

    def __post_init__(self) -> None:
        shown = self.disk.shown(self.pages_api)
        self.showing = {name: release.id for name, release in shown.items()}

    def look(self) -> bool:
        """Whether workers must start anew. Whatever the storage holds or does not answer, the
        last good release stays."""
        try:
            document = self.store.document(pointers.NAME).load(self._known)
            if document is self._known and self.clock() < self._again:
                self._say({n: why for n, why in self.refused.items() if n != EVERYTHING})
                return False
            pointer = self._decoded(document)
            choices = {surface: self._choose(surface, pointer) for surface in SURFACES}
            changed = self._show(
                {name: choice.id for name, choice in choices.items() if choice.id != IMAGE}
            )
        except (StoreUnavailable, OSError) as error:
            why = Refusal(*(f"{say(error)}; what is shown stays" for say in (brief, str)))
            self._say({**self.refused, EVERYTHING: why})
            return False
        # Only now: a pointer that could not be followed to the end is followed again.
        self._known = document
        final = all(choice.final for choice in choices.values())
        self._again = float("inf") if final else self.clock() + AGAIN
        self._say({name: choice.refused for name, choice in choices.items() if choice.refused})
        return changed

    def _decoded(self, document: Document) -> Pointer:
        if document.etag is None and self.showing:
            raise UnreadableDocument(f"there is no {pointers.NAME} any more")
        return pointers.decode(document)

    def _choose(self, surface: str, pointer: Pointer) -> Choice:
        return choose(
            surface,
            pointer,
            pages_api=self.pages_api,
            showing=self.showing.get(surface, IMAGE),
            obtain=self._obtain,
        )

    def _obtain(self, release: Release) -> None:
        if self.disk.has(release.id):
            return
        try:
            body = self.store.get(f"packs/{release.id}.tar", MOST_BYTES)
        except TooLarge as error:
            raise BadPack(f"it is larger than {MOST_BYTES:,} bytes") from error
        if body is None:
            raise BadPack("there is no such pack in the storage")
        pack = verify(body, release.id)
        if (pack.manifest.surface, pack.manifest.pages_api) != (release.surface, release.pages_api):
            raise BadPack("it is for another surface or PAGES_API than the pointer says")
        self.disk.install(
            pack.id, pack.under("templates"), pack.under("static"), pack.manifest.static
        )

    def _show(self, releases: Mapping[str, str]) -> bool:
        if releases == self.showing:
            return False
        self.disk.show(releases, self.pages_api)
        for surface in SURFACES:
            if (new := releases.get(surface, IMAGE)) != self.showing.get(surface, IMAGE):
                log.info("%s: now shows release %s", surface, new[:12])
        self.showing = dict(releases)
        return True

    def _say(self, refused: Mapping[str, Refusal]) -> None:
        """Briefly to /healthz; in full to the log when it changes."""
        told = {name: why.brief for name, why in refused.items()}
        try:
            self.disk.say(told, seen=EVERYTHING not in told)
        except OSError as error:  # /healthz's `pointer_seen_seconds_ago` grows meanwhile
            refused = {EVERYTHING: Refusal(brief(error), str(error)), **refused}
        for name, why in refused.items():
            if self.refused.get(name) != why:
                log.error("%s: %s", name, why.full)
        for name in set(self.refused) - set(refused):
            log.info("%s: as the pointer says again", name)
        self.refused = dict(refused)
