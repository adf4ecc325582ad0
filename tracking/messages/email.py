"""An e-mail: its text, and the same in HTML, made from the text."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from django.template import Context
from django.template.backends.django import Template

from dispatch.domain.outbox.message import Composed

LAYOUT = "tracking/messages/_email.html"
END = "\n-- \n"  # below it stands who sends it (RFC 3676, 4.3)


class Paragraph(NamedTuple):
    """Its lines; where it has an `address`, what is behind that, and whether it is the first."""

    lines: tuple[str, ...]
    address: str = ""
    is_first: bool = False


def composed_email(template: Template, context: dict[str, Any]) -> Composed:
    """The template's first line is the subject."""
    whole = template.render(context).strip()
    subject, _, rest = whole.partition("\n")
    said, _, end = rest.rpartition(END)
    said = _tidy(said)
    parts = paragraphs(said, _ours(context))
    # From where the template is: no message is made of two releases.
    layout = template.template.engine.get_template(LAYOUT)
    html = layout.render(Context({**context, "subject": subject.strip(), "paragraphs": parts}))
    return Composed(
        text=f"{said}\n{END}{_tidy(end)}\n",
        subject=" ".join(subject.split()),
        html=html,
        unsubscribe=context["unsubscribe"],
    )


def paragraphs(text: str, ours: Collection[str]) -> list[Paragraph]:
    """A line that is an address of `ours`, below another line, becomes a button or a link; one
    that somebody has typed never does.
    """
    found: list[Paragraph] = []
    for part in text.split("\n\n"):
        *lines, last = part.split("\n")
        if lines and last in ours:
            is_first = not any(each.address for each in found)
            found.append(Paragraph((*lines[:-1], lines[-1].removesuffix(":")), last, is_first))
        else:
            found.append(Paragraph((*lines, last)))
    return found


def _ours(context: dict[str, Any]) -> set[str]:
    named = {context.get(name) for name in ("link", "receipt", "reschedule")}
    of_jobs = {link for _job, link in context.get("jobs", ())}
    return {*named, *of_jobs, context["business"].review_url} - {None, ""}


def _tidy(text: str) -> str:
    """Without the empty lines that tags leave behind."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines)
