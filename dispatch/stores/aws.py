"""How the stores' clients of AWS behave."""

from botocore.config import Config

# A page that cannot reach its storage says so within 3 s: two tries of these fit in.
# The repository above retries; botocore must not do so behind its back.
CLIENT = Config(
    connect_timeout=1,
    read_timeout=1.4,
    max_pool_connections=32,
    retries={"total_max_attempts": 1, "mode": "standard"},
)
