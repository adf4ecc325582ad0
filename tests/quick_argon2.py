"""Password hashing as the site does it, one at a time in a thread, but soon done."""

from dispatch.accounts import OneArgon2


class QuickArgon2(OneArgon2):
    time_cost, memory_cost, parallelism = 1, 64, 1
