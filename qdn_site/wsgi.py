"""The application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qdn_site.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  else the first visitor waits for every view's import

from dispatch import wiring  # noqa: E402  needs settings
from qdn_site.releases import pages  # noqa: E402

wiring.background = True
pages.start()
