"""What became of each of several jobs that were changed at once, in words."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import ngettext

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.job import Job
from dispatch.explain import explain
from dispatch.http import SiteRequest
from dispatch.jobs.several import AllDone


@dataclass
class Told:
    """`again` is what a form says to `insist` on, where that may help; empty where it would not."""

    head: str = ""
    done: list[tuple[Job, str]] = field(default_factory=list)
    refused: dict[str, tuple[Job | None, str]] = field(default_factory=dict)  # by id
    again: str = ""
    revision: int = 0
    status: int = 200


def told_of(
    all_done: AllDone, business: Business, words: Callable[[Job], str], *, again: str = ""
) -> Told:
    """`words` are those for a job with which it was done."""
    told = Told(revision=all_done.revision)
    for each in all_done.outcomes:
        if each.refusal:
            told.refused[each.job_id] = (each.job, explain(each.refusal, business))
            if getattr(each.refusal, "insistable", False):
                told.again = again
        elif each.job:
            told.done.append((each.job, words(each.job)))
    count, rest = len(told.done), len(told.refused)
    heads = [ngettext("%d job is done.", "%d jobs are done.", count) % count if count else ""]
    if rest:
        told.status = 409
        heads.append(ngettext("%d could not be done:", "%d could not be done:", rest) % rest)
    told.head = " ".join(filter(None, heads))
    return told


def key_after(request: SiteRequest, told: Told) -> str:
    """The form's next key: the same, where nobody knows whether it was heard."""
    return (told.status == 503 and request.POST.get("key")) or wiring.new_token()
