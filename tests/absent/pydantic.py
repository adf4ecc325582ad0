"""Servers and commands under test start without it, as in the image; dmr imports it where it is."""

raise ImportError("this is for tests alone")
