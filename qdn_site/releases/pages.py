"""The pages that this process shows: it follows its stage's pointer, and swaps them.

Each release is a template engine of its own, asked before the image's and only for its own
pages. What such a page extends and includes, and the static files it names, come from the same
release. All that shows is one value, replaced in one assignment; a request keeps the value that
it began with. So no page is ever made of two releases.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from django import template
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, TemplateSyntaxError
from django.template.backends.django import DjangoTemplates, Template

from dispatch.domain.stored.document import Document, StoreUnavailable, UnreadableDocument
from qdn_site import PAGES_API
from qdn_site.releases import ReleaseError, sample_job
from qdn_site.releases import pointer as pointers
from qdn_site.releases.pack import Pack, fetch
from qdn_site.releases.pointer import IMAGE, Pointer, Release
from qdn_site.releases.static import ReleaseStatic
from qdn_site.releases.store import POINTER, ReleaseStore, open_store
from qdn_site.releases.surfaces import PAGES

log = logging.getLogger(__name__)
register = template.Library()
EVERY = 2.0  # seconds between looks; an unchanged pointer answers 304
RETRY = 15.0  # seconds until something that was refused is looked at again
FIRST_LOOK = 5.0  # seconds that a start waits, so as not to begin with older pages
SAMPLE_EVERY = 30  # looks
EVERYTHING = "releases"  # under this name /healthz tells what concerns all surfaces


class ReleaseTemplates(DjangoTemplates):
    """The templates of one release, compiled. Raises ReleaseError, with a line for each problem."""

    def __init__(self, pack: Pack, *, debug: bool = False) -> None:
        self.id, self.static = pack.id, pack.manifest.static
        sources: dict[str, str] = {}
        loader = ("django.template.loaders.locmem.Loader", sources)
        options = {
            **settings.TEMPLATES[0]["OPTIONS"],
            "debug": debug,
            "libraries": {"static": __name__},
            "loaders": [("django.template.loaders.cached.Loader", [loader])],
        }
        name = pack.manifest.surface
        super().__init__({"NAME": name, "DIRS": [], "APP_DIRS": False, "OPTIONS": options})
        self.engine.release = self  # type: ignore[attr-defined]
        problems = []
        for name, body in pack.under("templates").items():
            time.sleep(0)  # others go on where threads are greenlets
            try:
                sources[name] = body.decode()
                self.get_template(name)
            except UnicodeDecodeError as error:
                problems.append(f"templates/{name}: {error}")
            except TemplateSyntaxError as error:
                line = getattr(error, "template_debug", {}).get("line", "?")
                problems.append(f"templates/{name}, line {line}: {' '.join(str(error).split())}")
            except RecursionError:
                problems.append(f"templates/{name}: it is nested too deeply")
        if problems:
            raise ReleaseError("\n".join(problems))


@register.simple_tag(takes_context=True)
def static(context: Context, name: str) -> str:
    """`{% static %}` in a release: the names that it brought. Raises ValueError for others."""
    names = context.template.engine.release.static  # type: ignore[union-attr]
    if name not in names:
        raise ValueError(f"The release holds no static file {name!r}.")
    return f"{settings.STATIC_URL}{names[name]}"


Shown = Mapping[str, ReleaseTemplates]  # by surface; the others show the image's own pages
_shown: Shown = {}
_of_request: ContextVar[Shown | None] = ContextVar("shown", default=None)


def shown() -> Shown:
    """The releases of this request; outside of one, those of the next."""
    of_request = _of_request.get()
    return _shown if of_request is None else of_request


def show(shown: Shown) -> None:
    global _shown
    _shown = shown


class SurfaceTemplates(DjangoTemplates):
    """settings.TEMPLATES: the image's own, and before them the releases that show."""

    def get_template(self, template_name: str) -> Template:
        for surface, release in shown().items():
            if PAGES[surface].owns(template_name):
                return release.get_template(template_name)
        return super().get_template(template_name)


class PagesMiddleware:
    """A request that is under way when pages are swapped finishes with those it began with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _of_request.set(_shown)
        try:
            return self.get_response(request)
        finally:
            _of_request.reset(token)


class Refusal(NamedTuple):
    """The reason why something is not as the pointer says."""

    brief: str  # for anybody who asks /healthz: neither where things are nor what AWS said
    full: str  # for the log


@dataclass
class Follower:
    store: ReleaseStore
    static: ReleaseStatic
    clock: Callable[[], float] = time.monotonic
    refused: dict[str, Refusal] = field(default_factory=dict)  # by surface, or EVERYTHING
    seen_at: float | None = None  # by the clock: when the pointer was last there
    looked: threading.Event = field(default_factory=threading.Event)
    _known: Document | None = None
    _retry_at: float = float("inf")

    def run(self) -> None:
        """For ever: whatever goes wrong, what is shown stays and the next look comes."""
        looks = 0
        while True:
            _guarded(self.look)
            self.looked.set()
            if settings.STAGE == "staging" and looks % SAMPLE_EVERY == 0:
                _guarded(sample_job.keep_all)
            looks += 1
            time.sleep(EVERY)

    def look(self) -> None:
        """Show what the pointer says; on any doubt about a surface, it shows what it did."""
        try:
            document = pointers.read(self.store, self._known)
            self.seen_at = self.clock()
            if document is self._known and self.clock() < self._retry_at:
                self._refuse({n: why for n, why in self.refused.items() if n != EVERYTHING})
                return
            if document.etag is None and (_shown or self.store.newest("pointers")):
                raise UnreadableDocument(f"there is no {POINTER} any more")
            pointer = pointers.decode(document)
        except StoreUnavailable as error:
            why = (f"{text}; what is shown stays" for text in (_brief(error), str(error)))
            self._refuse({**self.refused, EVERYTHING: Refusal(*why)})
            return
        self._retry_at = float("inf")
        new, refused = {}, {}
        for surface in PAGES:
            release, reasons = self._choose(surface, pointer)
            if release:
                new[surface] = release
                if _shown.get(surface) is not release:
                    log.info("%s shows release %s", surface, release.id[:12])
            if reasons:
                refused[surface] = _refusal(reasons, release)
        show(new)
        self._known = document
        self._refuse(refused)

    def _choose(
        self, surface: str, pointer: Pointer
    ) -> tuple[ReleaseTemplates | None, dict[str, Exception]]:
        """The pointer's release while it fits this code; else the newest earlier one that does;
        else None, the image's own. On any doubt about one, what is shown stays. With the reason
        against each release that should have been chosen."""
        place, now = pointer.place(surface), _shown.get(surface)
        reasons: dict[str, Exception] = {}
        for id in (place.current, *place.previous) if place.current != IMAGE else ():
            release = pointer.releases.get(id)
            if release is not None and release.pages_api != PAGES_API:
                why = f"it asks for PAGES_API {release.pages_api}, this code has {PAGES_API}"
                reasons[id] = ReleaseError(why)
                continue
            try:
                return now if now and now.id == id else self._fetch(surface, id, release), reasons
            except Exception as error:  # whatever it is, the other surfaces go on
                reasons[id] = error
                self._retry_at = self.clock() + RETRY
                if now:
                    return now, reasons
        return None, reasons

    def _fetch(self, surface: str, id: str, release: Release | None) -> ReleaseTemplates:
        """With its static files in place. Raises ReleaseError, StoreUnavailable, OSError."""
        ours = (surface, PAGES_API)
        if release is None or (release.surface, release.pages_api) != ours:
            raise ReleaseError("the pointer names it, and knows nothing else of it")
        pack = fetch(self.store, id)
        if (pack.manifest.surface, pack.manifest.pages_api) != ours:
            raise ReleaseError("it is for another surface or PAGES_API than the pointer says")
        templates = ReleaseTemplates(pack)
        for name, body in pack.under("static").items():
            self.static.keep(name, body)
        return templates

    def _refuse(self, refused: dict[str, Refusal]) -> None:
        """To the log when it changes; /healthz asks for it."""
        for name, why in refused.items():
            if self.refused.get(name) != why:
                log.error("%s: %s", name, why.full)
        for name in self.refused.keys() - refused.keys():
            log.info("%s: as the pointer says again", name)
        self.refused = refused


@cache
def follower() -> Follower | None:
    """This process's; None where there are no releases to follow."""
    if not settings.RELEASES_URL:
        return None
    store = open_store(settings.STAGE, settings.RELEASES_URL, settings.BASE_DIR)
    return Follower(store, ReleaseStatic(store))


def start() -> None:
    """Follow in a thread; visitors wait for the first look, but not for a slow storage."""
    if (following := follower()) is not None:
        threading.Thread(target=following.run, name="releases", daemon=True).start()
        following.looked.wait(FIRST_LOOK)


def health() -> dict[str, object]:
    """For /healthz. It touches no storage."""
    releases = {name: _shown[name].id if name in _shown else IMAGE for name in PAGES}
    following = follower()
    if following is None:
        return {"releases": releases}
    seen = following.seen_at
    return {
        "releases": releases,
        "refused": {name: why.brief for name, why in following.refused.items()},
        "pointer_seen_seconds_ago": None if seen is None else round(following.clock() - seen, 1),
    }


def _guarded(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        log.exception("The releases could not be followed; what is shown stays.")


def _refusal(reasons: Mapping[str, Exception], shown: ReleaseTemplates | None) -> Refusal:
    end = f"release {shown.id[:12]} is" if shown else "the image's own pages are"

    def joined(text: Callable[[Exception], str]) -> str:
        named = {f"release {id[:12]}": text(error) for id, error in reasons.items()}
        lines = [why if name in why else f"{name}: {why}" for name, why in named.items()]
        return "; ".join([*lines, f"{end} shown instead"])

    return Refusal(joined(_brief), joined(str))


def _brief(error: Exception) -> str:
    if isinstance(error, ReleaseError | UnreadableDocument):
        return str(error).replace("\n", "; ")  # of what is in it, in our own words
    if isinstance(error, StoreUnavailable):
        return "storage out of reach"
    if isinstance(error, OSError):
        return f"this container's disk: {error.strerror}"
    return type(error).__name__
