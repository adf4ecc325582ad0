"""QuickDumpNow, as deployed."""

__version__ = "0.1.0"

# Raised when a template needs something of the code that it did not need before.
PAGES_API = 7
