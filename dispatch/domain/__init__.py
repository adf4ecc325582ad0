"""What a hauler knows: jobs, moves, crew, windows. Plain Python; no Django, no clock, no chance."""
