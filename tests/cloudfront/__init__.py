"""A stand-in for CloudFront: for tests, and for trying things on a laptop.

`running_cloudfront(…)` in a test; `python -m tests.cloudfront --origin http://127.0.0.1:8000` for
one of its own. It is as strict as AWS where moto is not, and it *runs* the function and the cache.
"""

from tests.cloudfront.standin import Distribution, StandIn, running_cloudfront

__all__ = ["Distribution", "StandIn", "running_cloudfront"]
