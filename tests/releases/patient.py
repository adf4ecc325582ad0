"""The site's settings, with patience for its storage: a busy machine is no outage."""

from qdn_site.releases import pages, static, store
from qdn_site.settings import *  # noqa: F403
from tests.aws import PATIENT

store.REPEATING = PATIENT
static.WAIT = pages.FIRST_LOOK = 60  # seconds
