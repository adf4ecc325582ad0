"""Pages and the edge function without a rebuild: see README.md in this folder."""


class ReleaseError(Exception):
    """What was asked for cannot be done, or must not be: why, and what to do, in a line."""
