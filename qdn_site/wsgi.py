"""The application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qdn_site.settings")
application = get_wsgi_application()

from dispatch import wiring  # noqa: E402  needs settings
from qdn_site.releases import pages  # noqa: E402

wiring.background = True
pages.start()
