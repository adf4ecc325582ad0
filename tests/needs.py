"""Programs that a test cannot do without."""

import os
import shutil

import pytest


def require(program: str) -> str:
    """Its path; skips the test where it is not installed, and fails it in CI."""
    found = shutil.which(program)
    if found is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing(f"There is no {program} here.")
    return found
