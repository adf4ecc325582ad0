"""`manage.py deliver` whose lease is short, so that tests of killed ones need not wait for it."""

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from dispatch.stores import lease  # noqa: E402

lease.TAKEN_AFTER, lease.SURE_FOR, lease.RENEWED_AFTER = 1.0, 0.5, 0.25

call_command("deliver", *sys.argv[1:])
