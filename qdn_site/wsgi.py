"""The application that gunicorn serves."""

import gc
import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

gc.disable()  # nothing that is imported is garbage: to look for some takes a sixth of the start
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qdn_site.settings")
django = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  else the first visitor waits for every view's import

from dispatch import wiring  # noqa: E402  needs settings
from dispatch.jobs import daily  # noqa: E402
from dispatch.outbox import sender  # noqa: E402
from qdn_site.answer_cache import AnswerCache  # noqa: E402
from qdn_site.releases import pages  # noqa: E402
from tracking.messages import outgoing  # noqa: E402


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    # Before any middleware Django decodes parameters such as `x*=codec''value`, which no browser
    # sends, and fails where the codec is none.
    if "*" in environ.get("CONTENT_TYPE", ""):
        environ["CONTENT_TYPE"] = "application/octet-stream"
    # gunicorn would wait for ever for a client that does not read its answer.
    if client := environ.get("gunicorn.socket"):
        client.settimeout(settings.CLIENT_TIMEOUT)
    return answers(environ, start_response)


answers = AnswerCache(django)
wiring.background = True
pages.start()
sender.start(outgoing.sender)
daily.start()
gc.freeze()  # nor will it be while this process serves
gc.enable()
