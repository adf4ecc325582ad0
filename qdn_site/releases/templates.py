"""Django's templates, a surface at a time.

Each release is an engine of its own, asked before the image's and only for its own pages. What
such a page extends and includes, and the static files it names, come from the same release: a
page is never made of two of them.
"""

from collections.abc import Mapping
from typing import Any

from django.template import TemplateDoesNotExist
from django.template.backends.django import DjangoTemplates, Template

from qdn_site.releases.disk import Shown
from qdn_site.releases.surfaces import SURFACES


class SurfaceTemplates(DjangoTemplates):
    """OPTIONS `own`: what its pages' names start with; `static`: name → hashed name."""

    def __init__(self, params: dict[str, Any]) -> None:
        options = {**params["OPTIONS"]}
        self.own: tuple[str, ...] = options.pop("own")
        static = options.pop("static")
        libraries = {"static": "qdn_site.releases.static_tag", **options.pop("libraries", {})}
        super().__init__({**params, "OPTIONS": {**options, "libraries": libraries}})
        self.engine.release_static = static  # type: ignore[attr-defined]

    def get_template(self, template_name: str) -> Template:
        if not template_name.startswith(self.own):
            raise TemplateDoesNotExist(template_name, backend=self)
        return super().get_template(template_name)


def engines(shown: Mapping[str, Shown], image: dict[str, Any]) -> list[dict[str, Any]]:
    """settings.TEMPLATES: the releases in front of the image's own pages."""
    return [*(engine(surface, release, image) for surface, release in shown.items()), image]


def engine(surface: str, release: Shown, image: dict[str, Any]) -> dict[str, Any]:
    options = {"own": SURFACES[surface].templates, "static": release.static}
    return {
        "BACKEND": "qdn_site.releases.templates.SurfaceTemplates",
        "NAME": surface,
        "DIRS": [release.templates],
        "OPTIONS": {**image["OPTIONS"], **options},
    }
