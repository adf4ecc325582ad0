#!/usr/bin/env python3
"""The shell's way in: `manage.py help`."""

import logging
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qdn_site.settings")
    # A command says itself what failed, in one line.
    logging.getLogger("dispatch.stores").setLevel(logging.CRITICAL)
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except UnicodeEncodeError as error:
        sys.exit(f"Not all of it can be written here, set PYTHONUTF8=1: {error}")
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run it again to finish; what is there is whole.")
