"""The edge function on its way: put up, proved on the event table, published."""

from hashlib import sha256

from qdn_site.edge.cloudfront import EdgeFunction, FunctionVersion
from qdn_site.releases.store import ReleaseStore


def digest(code: bytes) -> str:
    return sha256(code).hexdigest()


def stored(sha: str) -> str:
    """Its name among a stage's releases."""
    return f"functions/{sha}.js"


def put_up(function: EdgeFunction, code: bytes) -> FunctionVersion:
    """As DEVELOPMENT, which no viewer's request runs through. Raises StaleFunction."""
    there = function.development()
    if there is not None and there.code == code:
        return there
    return function.update(code, there.etag if there else None)


def publish(function: EdgeFunction, version: FunctionVersion, store: ReleaseStore) -> None:
    """Make it live; what was live is kept, so that a rollback finds it, whoever made it."""
    before = function.live()
    if before is not None:
        store.put(stored(digest(before.code)), before.code)
    store.put(stored(digest(version.code)), version.code)
    function.publish(version)
