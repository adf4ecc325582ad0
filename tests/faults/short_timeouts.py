"""The site's settings, with a timeout for slow clients of as many seconds as the test says."""

import os

from qdn_site.settings import *  # noqa: F403

CLIENT_TIMEOUT = float(os.environ["CLIENT_TIMEOUT"])
