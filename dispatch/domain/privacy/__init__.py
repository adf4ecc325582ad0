"""Persons leave the jobs; what figures need stays."""
