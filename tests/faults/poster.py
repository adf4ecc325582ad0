"""`manage.py deliver` whose lease is as short as LEASE says, in seconds: tests of killed ones need
not wait for it.
"""

import os
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from dispatch.stores import lease  # noqa: E402

seconds = float(os.environ["LEASE"])
lease.TAKEN_AFTER, lease.SURE_FOR, lease.RENEWED_AFTER = seconds, seconds / 2, seconds / 4

call_command("deliver", *sys.argv[1:])
