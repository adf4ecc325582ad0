"""Environment → settings (README lists them). Half a configuration refuses to start."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qdn_site.environment import Environment, read_businesses
from qdn_site.logs import OnceAMinute

BASE_DIR = Path(__file__).resolve().parent.parent
_env = Environment(os.environ)

# --- who and where -----------------------------------------------------------------------
STAGE = _env.stage()
BUSINESSES = read_businesses(
    Path(_env.text("QDN_BUSINESSES", str(BASE_DIR / "qdn_site" / "businesses.toml")))
)
_several = len(BUSINESSES) > 1
JOBS_SCHEMES = ("file", "s3", "dynamodb")
JOBS_URL = _env.place("QDN_JOBS_URL", STAGE, JOBS_SCHEMES, _several)
PHOTOS_URL = _env.photos("QDN_MEDIA_URL", STAGE)  # Django has a MEDIA_URL of its own
EMAIL_URL = _env.email("QDN_EMAIL_URL", STAGE)
SMS_URL = _env.sms("QDN_SMS_URL", STAGE)
WEBHOOK_URL, WEBHOOK_SECRET = _env.webhook("QDN_WEBHOOK_URL", "QDN_WEBHOOK_SECRET", STAGE)
CREW_URL = _env.place("QDN_CREW_URL", STAGE, ("file", "dynamodb"), _several)

SECRET_KEY = _env.needed("DJANGO_SECRET_KEY", "sessions and API tokens are signed with it.")
SECRET_KEY_FALLBACKS = _env.items("DJANGO_SECRET_KEY_FALLBACKS")
DEBUG = _env.flag("DJANGO_DEBUG")
if DEBUG and STAGE == "production":
    _env.problems.append("DJANGO_DEBUG is on in production: it shows secrets to visitors.")
ALLOWED_HOSTS = _env.hosts(BUSINESSES, STAGE)
CSRF_TRUSTED_ORIGINS = _env.items("DJANGO_CSRF_TRUSTED_ORIGINS")
ORIGIN_SECRET = _env.text("QDN_ORIGIN_SECRET")
CACHES = {"default": _env.cache("QDN_CACHE_URL")}
BIND = _env.text("QDN_BIND", "127.0.0.1:8000")  # which a laptop's messages name

RELEASES_URL = _env.releases("QDN_RELEASES_URL")
for _name in ("QDN_STAGING_RELEASES_URL", "QDN_PRODUCTION_RELEASES_URL"):
    _env.releases(_name)  # the commands read them; a wrong one is told at once
DISTRIBUTIONS = {
    name: _env.text(f"QDN_{name.upper()}_DISTRIBUTION")
    for name in ("staging", "production", "dashboard")
}
_env.refuse()

# --- Django ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "dispatch",
    "tracking",
    "booking",
    "qdn_site",
]
MIDDLEWARE = [
    "qdn_site.middleware.RequestIdMiddleware",
    "qdn_site.middleware.Utf8Middleware",
    "qdn_site.middleware.HeadersMiddleware",
    "qdn_site.health.HealthMiddleware",
    "qdn_site.middleware.OriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "qdn_site.static_files.StaticFilesMiddleware",
    "qdn_site.middleware.CompressionMiddleware",
    "qdn_site.releases.pages.PagesMiddleware",
    "qdn_site.edge.old_links.OldLinksMiddleware",
    "qdn_site.middleware.BusinessMiddleware",
    "qdn_site.languages.middleware.LanguageMiddleware",
    "qdn_site.middleware.BodyMiddleware",
    "qdn_site.middleware.RefusalsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "dispatch.accounts.CrewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "qdn_site.urls"
WSGI_APPLICATION = "qdn_site.wsgi.application"
DATABASES: dict[str, Any] = {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "qdn_site.releases.pages.SurfaceTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "qdn_site.context.business",
                "qdn_site.context.other_languages",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "dispatch.templatetags.formats",
                "dispatch.templatetags.kept",
                "qdn_site.languages.addresses",
            ],
        },
    }
]

AWS_SES_AUTO_THROTTLE = None  # of django-ses, which would ask and sleep: our sender tries again

# --- people ------------------------------------------------------------------------------
AUTH_USER_MODEL = "dispatch.CrewUser"
AUTHENTICATION_BACKENDS = ["dispatch.accounts.RosterBackend"]
PASSWORD_HASHERS = ["dispatch.accounts.OneArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "board"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "dispatch.accounts.BusinessCookieStorage"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "qdn_site.errors.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = STAGE != "development"

# --- browsers ----------------------------------------------------------------------------
if STAGE != "development":
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    # Without the secret nobody tells us the viewer's scheme: CloudFront alone can redirect, and
    # does. Django's check for it is silenced in that case only; gunicorn's start says the rest.
    SECURE_SSL_REDIRECT = bool(ORIGIN_SECRET)
    SILENCED_SYSTEM_CHECKS = [] if ORIGIN_SECRET else ["security.W008"]
SECURE_PROXY_SSL_HEADER = ("HTTP_CLOUDFRONT_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
NOT_INDEXED = "noindex, nofollow"
PERMISSIONS = "camera=(), geolocation=({geolocation}), microphone=(), payment=(), usb=()"
MAY_LOCATE = PERMISSIONS.format(geolocation="self")
ANSWER_HEADERS = {
    "/": {
        # Nothing here is inline and nothing comes from elsewhere, so that no nonce is needed.
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
        " img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'",
        # Django's own say these too, but not where an answer is made before them.
        "X-Frame-Options": X_FRAME_OPTIONS,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS.format(geolocation=""),
        "Cross-Origin-Resource-Policy": "same-origin",
    },
    # Kept nowhere and found by nobody but the link's holder, or by who is signed in.
    "/track": {"Cache-Control": "no-store", "X-Robots-Tag": NOT_INDEXED},
    "/unsubscribe/": {"Cache-Control": "no-store", "X-Robots-Tag": NOT_INDEXED},
    "/dashboard/": {"Cache-Control": "no-store", "X-Robots-Tag": NOT_INDEXED},
    "/calendar/": {"Cache-Control": "no-store", "X-Robots-Tag": NOT_INDEXED},
}
if STAGE != "development":
    # On every answer: Django's own says it only where it knows that the viewer came by https,
    # and over http a browser passes over it (RFC 6797, 8.1).
    ANSWER_HEADERS["/"]["Strict-Transport-Security"] = (
        f"max-age={SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    )

# --- requests ----------------------------------------------------------------------------
MOST_BODY = 64 * 1024  # bytes: no form and no call here needs more
# But for who is signed in, and brings photos; or a file of jobs, or the rows of one that they have
# looked at. Photos of what is to be hauled come from anybody, where some are kept.
PHOTOS_PATH = r"/dashboard/jobs/[^/]+/photos"
BOOKING_PATH = "/book/"
MOST_PHOTOS = 30 * 1024 * 1024
MOST_BODIES = {"/dashboard/import/": 4 * 1024 * 1024, PHOTOS_PATH: MOST_PHOTOS}
if PHOTOS_URL:
    MOST_BODIES[BOOKING_PATH] = MOST_PHOTOS
CLIENT_TIMEOUT = 20  # seconds for a client to send its body, and to take our answer
LARGE_TIMEOUT = 180  # seconds for a body beyond MOST_BODY, from a phone with little reception
# In memory; the middleware is stricter. What is larger are files, which are read into /tmp.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # more than all requests that can wait, ticked at once

# --- language and time -------------------------------------------------------------------
LANGUAGE_CODE = "en"  # of the program's own words; a business says which of these it speaks
LANGUAGES = [("en", "English"), ("es", "español")]
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "qdn_site" / "locale"]  # `make messages`
USE_TZ = True
TIME_ZONE = "UTC"  # each business shows its own

# --- files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(_env.text("QDN_STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ALLOW_ALL_ORIGINS = False  # they are for these pages alone, as ANSWER_HEADERS says
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "qdn_site.static_files.HashedStaticFilesStorage"},
}
if urlsplit(JOBS_URL).scheme == "s3":
    STORAGES |= {
        f"jobs-{business.slug}": {
            "BACKEND": "dispatch.stores.s3.OneConnectionS3Storage",
            "OPTIONS": {"bucket_name": urlsplit(JOBS_URL.format(business=business.slug)).netloc},
        }
        for business in BUSINESSES
    }
_photos = urlsplit(PHOTOS_URL)
if _photos.scheme == "s3":
    STORAGES["photos"] = {
        "BACKEND": "dispatch.stores.s3.OneConnectionS3Storage",
        # No ACL and no signed links: they are read through these pages alone.
        "OPTIONS": {"bucket_name": _photos.netloc, "location": _photos.path.strip("/")},
    }
elif PHOTOS_URL:
    STORAGES["photos"] = {
        "BACKEND": "dispatch.stores.photos.folder.WholeFilesStorage",
        "OPTIONS": {
            "location": BASE_DIR / PHOTOS_URL.removeprefix("file:"),
            "must_exist": STAGE != "development",
        },
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "qdn_site.logs.JsonFormatter"}},
    "handlers": {
        "console": {
            "class": "qdn_site.logs.SteadyHandler",
            "formatter": "line",
            # Helpers without which the service goes on: that they fail is not said each time.
            "filters": [OnceAMinute("dispatch.ratelimit", "qdn_site.releases.static")],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "botocore": {"level": "WARNING"},
    },
}
