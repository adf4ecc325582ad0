"""Looking from outside at what a site shows: /healthz, then a page of each surface."""

import http.client
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from qdn_site.releases import ReleaseError
from qdn_site.releases.surfaces import PAGES
from qdn_site.releases.target import Target

IN_A_ROW = 8  # new connections: several containers must all say so
TIMEOUT = 60.0  # seconds until it must have arrived
EVERY = 0.5  # seconds
STATIC = re.compile(r'(?:src|href)="(/static/[^"?#]+)"')
AGENT = {"User-Agent": "qdn-releases"}


class NotArrived(ReleaseError):
    """The site does not show what it should; the text says what it shows instead."""


def pages_api(target: Target) -> int | None:
    """The PAGES_API of the running code; None where no address is set. Raises NotArrived."""
    return int(_health(target)["pages_api"]) if target.url else None


def arrived(
    target: Target, expected: Mapping[str, str], pages: Iterable[str], *, timeout: float = TIMEOUT
) -> Iterator[str]:
    """Until every new connection shows `expected` (surface → id), then a page of each of these
    surfaces; a line of progress a second. Raises NotArrived."""
    start = shown_at = time.monotonic()
    row = 0
    while row < IN_A_ROW:
        try:
            differences = _differences(_health(target), expected)
        except NotArrived as error:
            differences = str(error)
        waited = time.monotonic() - start
        if not differences:
            row += 1
            continue
        row = 0
        if waited > timeout:
            raise NotArrived(f"after {waited:.0f} s {target.url}/healthz shows {differences}")
        if time.monotonic() - shown_at >= 1:
            shown_at = time.monotonic()
            yield f"waiting for {target.url}, {waited:.0f} s so far: {differences}"
        time.sleep(EVERY)
    yield f"{target.url} shows it on {IN_A_ROW} new connections in a row, {waited:.1f} s"
    for surface in pages:
        yield _page(target, surface)


def _page(target: Target, surface: str) -> str:
    """One page of the surface, with everything that it names."""
    address, wanted = target.address(PAGES[surface].page), PAGES[surface].status
    status, body = _get(address)
    if status != wanted:
        raise NotArrived(f"{address} answers {status} instead of {wanted}")
    files = set(STATIC.findall(body.decode(errors="replace")))
    for file in sorted(files):
        if (status := _get(target.address(file))[0]) != 200:
            raise NotArrived(f"{address} names {file}, which answers {status}")
    return f"{address} answers {wanted}, and its {len(files)} static files 200"


def _health(target: Target) -> dict[str, Any]:
    status, body = _get(f"{target.url.rstrip('/')}/healthz")
    try:
        health: dict[str, Any] = json.loads(body)
        ours = isinstance(health["releases"], dict) and isinstance(health["pages_api"], int)
    except (ValueError, KeyError, TypeError, RecursionError):
        ours = False
    if status != 200 or not ours:
        raise NotArrived(f"{target.url}/healthz answers {status}, and not as a site of ours does")
    return health


def _get(address: str) -> tuple[int, bytes]:
    """On a connection of its own."""
    try:
        with urlopen(Request(address, headers=AGENT), timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotArrived(f"{address} cannot be reached: {error}") from error


def _differences(health: dict[str, Any], expected: Mapping[str, str]) -> str:
    """Empty where all is as expected."""
    shown, refused = health["releases"], health.get("refused")
    found = [
        f"{surface} {str(shown.get(surface))[:12]} instead of {id[:12]}"
        for surface, id in expected.items()
        if shown.get(surface) != id
    ]
    if found and isinstance(refused, dict):
        found += [f"({name}: {why})" for name, why in refused.items()]
    return " ".join(found)
