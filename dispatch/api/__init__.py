"""The JSON API (CONTRACT §5): the same use-cases as the crew's pages, for programs."""
