"""Persons leave what is stored, wherever it lies."""
