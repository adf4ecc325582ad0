#!/usr/bin/env python3
"""The shell's way in: `manage.py help`."""

import codecs
import json
import logging
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def as_json_does(error: UnicodeError) -> tuple[str, int]:
    r"""What the terminal has no letters for, such as \u00e9: so JSON stays JSON."""
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qdn_site.settings")
    codecs.register_error("as-json-does", as_json_does)
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="as-json-does")  # type: ignore[union-attr]
    # A command says itself what failed, in one line.
    logging.getLogger("dispatch.stores").setLevel(logging.CRITICAL)
    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run it again to finish; what is there is whole.")
