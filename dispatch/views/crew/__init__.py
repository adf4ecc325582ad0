"""Pages about people: the roster, days off, whoever is sick, one's own account."""
