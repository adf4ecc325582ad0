"""Pages of days: the roster's month, and the week of the jobs."""
