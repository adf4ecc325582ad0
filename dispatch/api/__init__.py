"""The JSON API: the same use-cases as the crew's pages, for programs."""
