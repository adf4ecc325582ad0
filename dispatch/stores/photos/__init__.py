"""The files of photos, in any of Django's storages, and the sweep that keeps them few."""
