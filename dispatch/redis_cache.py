"""Rate limits that several containers share, counted in Redis (`QDN_CACHE_URL=redis://…`)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

PATIENCE = 0.5  # seconds for Redis to answer
logger = logging.getLogger(__name__)


class SharedRedisCache(RedisCache):
    """Django's, but that nobody is turned away because Redis is out of reach: nothing counts then.

    The jobs are not in there, and a customer who cannot be counted can still be served.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        patience = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
        super().__init__(server, params | {"OPTIONS": patience})

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        with _said_where_it_fails():
            return super().add(key, value, timeout, version)
        return False

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        with _said_where_it_fails():
            super().set(key, value, timeout, version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        with _said_where_it_fails():
            return super().incr(key, delta, version)
        return 0


@contextmanager
def _said_where_it_fails() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        logger.warning("Rate limits are not counted: Redis is out of reach (%s).", error)
