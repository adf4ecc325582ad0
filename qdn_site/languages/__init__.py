"""The languages that pages and messages are read in: how one is chosen, and what is translated."""
