"""Jobs, moves, roster, windows: plain Python, without Django, clock or chance."""
