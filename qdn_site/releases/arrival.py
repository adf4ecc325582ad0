"""Looking from outside whether what was moved has arrived: /healthz, then a page of each."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from qdn_site.releases.surfaces import SURFACES
from qdn_site.releases.target import Target

IN_A_ROW = 8  # new connections: several containers, each with several workers, must all say so
PATIENCE = 60.0  # seconds
PAUSE = 0.5
STATIC = re.compile(r'(?:src|href)="(/static/[^"?#]+)"')
AGENT = {"User-Agent": "qdn-releases"}


class NotArrived(Exception):
    """The site does not show what it should; the text says what it shows instead, in a line."""


def pages_api(target: Target) -> int | None:
    """What the running code serves; None where nobody said where it runs."""
    return int(_health(target)["pages_api"]) if target.url else None


def arrived(
    target: Target,
    expected: Mapping[str, str],
    surfaces: Iterable[str],
    *,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Until every new connection shows `expected` (surface → id), then a page of each of the
    surfaces; says how it goes about once a second. Raises NotArrived."""
    if not target.url:
        yield f"not looked whether it arrived: QDN_{target.name.upper()}_URL is not set"
        return
    start, said, row, seen = clock(), clock(), 0, "nothing"
    while row < IN_A_ROW:
        try:
            health = _health(target)
            shown = {surface: health["releases"].get(surface) for surface in expected}
            row = row + 1 if shown == expected else 0
            seen = _differences(health, expected) or seen
        except NotArrived as error:
            row, seen = 0, str(error)
        waited = clock() - start
        if row < IN_A_ROW and waited > patience:
            raise NotArrived(f"after {waited:.0f} s {target.url}/healthz shows {seen}")
        if row == 0:
            if clock() - said >= 1:
                said = clock()
                yield f"waiting for {target.url}, {waited:.0f} s so far: {seen}"
            sleep(PAUSE)
    yield f"{target.url} shows it on {IN_A_ROW} new connections in a row, {clock() - start:.1f} s"
    for surface in surfaces:
        yield _page(target, surface)


def _page(target: Target, surface: str) -> str:
    """One page of the surface, with everything that it names."""
    page, wanted = SURFACES[surface].page, SURFACES[surface].status
    address = target.address(page)
    status, body = _get(address)
    if status != wanted:
        raise NotArrived(f"{address} answers {status} instead of {wanted}")
    files = sorted(set(STATIC.findall(body.decode(errors="replace"))))
    for file in files:
        if (status := _get(target.address(file))[0]) != 200:
            raise NotArrived(f"{address} names {file}, which answers {status}")
    return f"{address} answers {wanted}, and its {len(files)} static files 200"


def _health(target: Target) -> dict[str, Any]:
    status, body = _get(f"{target.url.rstrip('/')}/healthz")
    try:
        health = json.loads(body)
        ours = isinstance(health["releases"], dict) and isinstance(health["pages_api"], int)
        if status == 200 and ours:
            return dict(health)
    except (ValueError, KeyError, TypeError):
        pass
    raise NotArrived(f"{target.url}/healthz answers {status}, and not as a site of ours does")


def _get(address: str) -> tuple[int, bytes]:
    """On a connection of its own."""
    try:
        with urlopen(Request(address, headers=AGENT), timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
    except (URLError, OSError, http.client.HTTPException) as error:
        raise NotArrived(f"{address} cannot be reached: {error}") from error


def _differences(health: dict[str, Any], expected: Mapping[str, str]) -> str:
    releases, refused = health["releases"], health.get("refused")
    assert isinstance(releases, dict)
    told = [
        f"{surface} {str(releases.get(surface))[:12]} instead of {id[:12]}"
        for surface, id in expected.items()
        if releases.get(surface) != id
    ]
    if isinstance(refused, dict):
        told += [f"({name}: {why})" for name, why in refused.items()]
    return " ".join(told)
