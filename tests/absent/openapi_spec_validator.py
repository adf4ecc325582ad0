"""Servers and commands under test start without it, as in the image: it takes long to import."""

raise ImportError("this is for tests alone")
