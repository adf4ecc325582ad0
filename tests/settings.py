"""Settings for tests: nothing outside the process, fast password hashes, plain static files."""

import os

os.environ["QDN_STAGE"] = "development"
os.environ.setdefault("DJANGO_SECRET_KEY", "only-for-tests-" + "x" * 50)
for name in (
    *("QDN_JOBS_URL", "QDN_CREW_URL", "QDN_MEDIA_URL", "QDN_BUSINESSES", "QDN_CACHE_URL"),
    *("QDN_EMAIL_URL", "QDN_SMS_URL", "QDN_WEBHOOK_URL", "QDN_WEBHOOK_SECRET", "QDN_BIND"),
    "DJANGO_DEBUG",
):
    os.environ.pop(name, None)

from qdn_site.settings import *  # noqa: E402, F403
from qdn_site.settings import STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]  # noqa: F405
EMAIL_URL = SMS_URL = ""  # nothing is sent but where a test says how
WHITENOISE_AUTOREFRESH = True
LOGGING = {"version": 1, "disable_existing_loggers": False}
