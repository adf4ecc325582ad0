"""How the stores' clients of AWS are made, and behave."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, InvalidConfigError
from botocore.parsers import ResponseParserError

# A page that cannot reach its storage says so within 3 s: two tries of these fit in.
# The repository above retries; botocore must not do so behind its back.
CLIENT = Config(
    connect_timeout=1,
    read_timeout=1.4,
    max_pool_connections=32,
    retries={"total_max_attempts": 1, "mode": "standard"},
)
T = TypeVar("T")
PATIENT = CLIENT.merge(Config(read_timeout=60))  # of what copies, and nobody waits for
# What a call raises. The last three come of an answer that was cut off, within its headers too: it
# lacks what it must have, or half a number stands there. That is no answer.
NO_ANSWER = (BotoCoreError, ClientError, ResponseParserError, KeyError, ValueError)


@contextmanager
def making_a_client() -> Iterator[None]:
    """Raises BotoCoreError for an endpoint that is none, too; botocore raises ValueError there."""
    try:
        yield
    except ValueError as error:
        raise InvalidConfigError(error_msg=str(error)) from error


def kept(client: T) -> T:
    """A client for as long as this process serves. What it knows of its service, 36,000 objects,
    would be looked through whenever garbage is collected: 4 ms, and far more where it is cold.
    """
    if gc.get_freeze_count():  # as the application does with all that it begins with
        gc.freeze()
    return client


def error_code(error: Exception) -> str:
    """Of AWS's answer; empty where there was none."""
    answer = error.response if isinstance(error, ClientError) else {}
    return str(answer.get("Error", {}).get("Code", ""))


def one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"the answer was cut off: it lacks {text}" if isinstance(error, KeyError) else text
