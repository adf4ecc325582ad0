"""Pages and the edge function without a rebuild: see README.md in this folder."""


class ReleaseError(Exception):
    """It cannot or must not be done: why, and what to do, in a line."""
