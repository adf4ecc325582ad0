"""Password hashing as the site does it, two at once in threads, but soon done."""

from dispatch.accounts import BoundedArgon2


class QuickArgon2(BoundedArgon2):
    time_cost, memory_cost, parallelism = 1, 64, 1
