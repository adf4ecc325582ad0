"""The three sets of pages that are promoted as one each. Read by settings: imports no Django."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surface:
    """`templates` and `static` are its own: a folder ends in `/`, else it is a file."""

    name: str
    templates: tuple[str, ...]
    static: tuple[str, ...]
    page: str  # a page of it that needs neither session nor link …
    status: int  # … and what that answers

    def owns(self, template: str) -> bool:
        return template.startswith(self.templates)

    def carries(self, template: str) -> bool:
        return self.owns(template) or is_shared(template)

    def carries_static(self, name: str) -> bool:
        return name.startswith((*self.static, *SHARED_STATIC))


SURFACES = {
    surface.name: surface
    for surface in (
        Surface("dashboard", ("dispatch/",), ("dispatch/",), "/dashboard/login/", 200),
        Surface("track", ("tracking/",), ("tracking/",), "/track/no-such-link-0000", 404),
        Surface("book", ("booking/", "home.html"), ("booking/",), "/book/", 200),
    )
}
SHARED_STATIC = ("site/",)
IMAGE_ONLY = ("error.html",)  # a page of no surface


def is_shared(template: str) -> bool:
    """Lies at the top of `templates/` and is nobody's own: each release has its copy."""
    owned = any(surface.owns(template) for surface in SURFACES.values())
    return "/" not in template and not owned and template not in IMAGE_ONLY
