"""A visit: the pages of what is done at a customer's."""
