"""The driver's day."""
