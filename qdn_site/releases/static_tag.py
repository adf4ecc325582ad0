"""`{% static %}` in a release's templates: the names that the release itself brought."""

from django import template
from django.conf import settings
from django.template.context import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def static(context: Context, name: str) -> str:
    """Raises ValueError for a file that the release does not hold: found when it is staged."""
    names = context.template.engine.release_static  # type: ignore[union-attr]
    if name not in names:
        raise ValueError(f"The release holds no static file {name!r}.")
    return f"{settings.STATIC_URL}{names[name]}"
