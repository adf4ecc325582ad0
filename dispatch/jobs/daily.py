"""What one of the servers does each day: it archives finished jobs, takes persons out of old ones,
and sweeps their photos.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from dispatch import wiring
from dispatch.domain.business import Business
from dispatch.domain.stored.document import StoreUnavailable

log = logging.getLogger(__name__)

LOOK = 60  # seconds between looks whether somebody has archived today


def start() -> None:
    """A thread for each business, for as long as the process lives."""
    for business in settings.BUSINESSES:
        threading.Thread(target=tidy, args=(business,), daemon=True).start()


def tidy(business: Business) -> None:
    """Never returns. Who archives does the rest too; what fails is tried again at the next look."""
    time.sleep(LOOK)  # whoever has just started has more urgent things to do
    archiver, is_unswept, is_unforgotten = None, False, False
    while True:
        with _told_of("Finished jobs are not archived yet"):
            archiver = archiver or wiring.archiver(business)
            is_archived = archiver.daily(business.today(wiring.now()))
            is_unswept |= is_archived
            is_unforgotten |= is_archived
        if is_unforgotten:
            with _told_of("Persons have not left old jobs yet"):
                wiring.redactor(business).daily(business.today(wiring.now()), wiring.now())
                wiring.forget_old(business)
                is_unforgotten = False
        if is_unswept:
            with _told_of("Old photos are not swept yet"):
                if sweep := wiring.sweep(business):
                    sweep.run(wiring.now())
                is_unswept = False
        time.sleep(LOOK)


@contextmanager
def _told_of(what: str) -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        log.warning("%s: %s", what, error)
    except Exception:
        log.exception("%s.", what)
