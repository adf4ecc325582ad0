"""The surfaces, each promoted as one: three sets of pages, and the function at the edge."""

from dataclasses import dataclass

EDGE = "edge"
FUNCTION_FILE = "rewrite.js"  # the one file of the edge's release
SHARED_STATIC = ("site/",)
IMAGE_ONLY = ("error.html",)  # a page of no surface


@dataclass(frozen=True, slots=True)
class PageSurface:
    """`templates` and `static` are its own: a folder ends in `/`, else it is a file.

    `page` answers `status` without session or link.
    """

    name: str
    templates: tuple[str, ...]
    static: tuple[str, ...]
    page: str
    status: int = 200

    def owns(self, template: str) -> bool:
        return template.startswith(self.templates)

    def holds_template(self, name: str) -> bool:
        """Its own, or one at the top of `templates/` that nobody owns: each has its copy."""
        owned = any(surface.owns(name) for surface in PAGES.values())
        return self.owns(name) or not (owned or "/" in name or name in IMAGE_ONLY)

    def holds_static(self, name: str) -> bool:
        return name.startswith((*self.static, *SHARED_STATIC))


PAGES = {
    surface.name: surface
    for surface in (
        PageSurface("dashboard", ("dispatch/",), ("dispatch/",), "/dashboard/login/"),
        PageSurface("track", ("tracking/",), ("tracking/",), "/track/no-such-link-0000", 404),
        PageSurface("book", ("booking/", "home.html", "privacy.html"), ("booking/",), "/book/"),
    )
}
SURFACES = (*PAGES, EDGE)
