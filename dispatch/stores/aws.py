"""How the stores' clients of AWS are made, and behave."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import InvalidConfigError

# A page that cannot reach its storage says so within 3 s: two tries of these fit in.
# The repository above retries; botocore must not do so behind its back.
CLIENT = Config(
    connect_timeout=1,
    read_timeout=1.4,
    max_pool_connections=32,
    retries={"total_max_attempts": 1, "mode": "standard"},
)


@contextmanager
def making() -> Iterator[None]:
    """A client. Raises BotoCoreError: of an endpoint that is none, botocore raises no own error."""
    try:
        yield
    except ValueError as error:
        raise InvalidConfigError(error_msg=str(error)) from error
