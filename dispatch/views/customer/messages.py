"""What a dispatcher does about a job's messages."""

from django.utils.translation import gettext as _

from dispatch.domain.job import Job
from dispatch.domain.job_input import InvalidInput
from dispatch.domain.outbox.message import Channel
from dispatch.domain.outbox.stops import RESUMED
from dispatch.domain.permissions import Permission
from dispatch.http import SiteRequest
from dispatch.jobs import outbox
from dispatch.outbox import stops
from dispatch.views.drawer import Outcome, job_action, key_sent


@job_action(Permission.EDIT)
def send_again(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """The message of that `id`, which failed."""
    message_id, by = request.POST.get("id", ""), request.user.actor
    done = outbox.send_again(request.business, job.id, message_id, by=by, key=key_sent(request))
    return done, _("It is on its way again.")


@job_action(Permission.EDIT)
def resume(request: SiteRequest, job: Job, _form: None) -> Outcome:
    """Messages on this `channel`, as they have asked for them again."""
    channel = request.POST.get("channel", "")
    if channel not in RESUMED:
        raise InvalidInput({"channel": _("There is no such kind of message.")})
    by, key = request.user.actor, key_sent(request)
    done = stops.resume(request.business, job, Channel(channel), by=by, key=key)
    return done, _("They get messages again.")
