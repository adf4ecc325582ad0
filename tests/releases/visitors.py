"""Customers on production while it changes: each keeps a connection and looks at whole pages."""

import http.client
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.releases.live import HANGS

STATIC = re.compile(r'(?:src|href)="(/static/[^"?#]+)"')
SIGN_IN, LOST = "/dashboard/login/", "/track/no-such-link-0000"
STATUS = {LOST: 404}  # of pages that are to answer something else than 200
IDLE = 5.0  # seconds after which CloudFront lets an idle connection go
PAUSES = (0.5, 1.9, 2.1, 4.5)  # seconds; faster, the machine has time for nothing else


@dataclass
class Visitors:
    """`pages` and `files` that came whole; `failures` that did not, in words."""

    pages: int = 0
    files: int = 0
    failures: list[str] = field(default_factory=list)
    sentences: set[str] = field(default_factory=set)
    slowest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def walk(self, urls: Sequence[str], path: str, pause: float) -> None:
        """The page from the first site, what it names from the others: they may be a release
        apart. While it names the same, that is not asked for again, as browsers do.
        """
        homes, known = [Connection(url) for url in urls], set[str]()
        while not self._over.is_set():
            try:
                known = self._look(homes, path, known)
            except Exception as error:
                self.failures.append(f"{path}, pause {pause}: {error!r}")
            self._over.wait(pause)
        for home in homes:
            home.close()

    def _look(self, homes: list["Connection"], path: str, known: set[str]) -> set[str]:
        """The files that the page names."""
        started = time.monotonic()
        status, body = homes[0].get(path)
        self.slowest = max(self.slowest, time.monotonic() - started)
        files = set(STATIC.findall(body))
        if status != STATUS.get(path, 200):
            self.failures.append(f"{path} answers {status}")
            return set()
        if not any(file.endswith(".css") for file in files):
            self.failures.append(f"{path} names no stylesheet")
        self.sentences.update(re.findall(r'<p class="lead">([^<]+)', body))
        self.pages += 1
        for home in homes:
            for file in files if files != known else ():
                status, content = home.get(file)
                if status != 200 or not content:
                    self.failures.append(f"{file} of {path} answers {status}")
                self.files += 1
        return files


class Connection:
    """Kept alive until the server says that it closes it, or it was idle for too long."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._open: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def get(self, path: str) -> tuple[int, str]:
        if time.monotonic() - self._used_at > IDLE:
            self.close()
        connection = self._open or http.client.HTTPConnection(self._address, timeout=HANGS)
        self._open = None
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        if answer.will_close:
            connection.close()
        else:
            self._open, self._used_at = connection, time.monotonic()
        return answer.status, body

    def close(self) -> None:
        if self._open:
            self._open.close()
        self._open = None


@contextmanager
def visiting(urls: Sequence[str], paths: Sequence[str] = ("/book/",)) -> Iterator[Visitors]:
    """Visitors of every site at every pace, for as long as this lasts."""
    visitors = Visitors()
    threads = [
        threading.Thread(target=visitors.walk, args=([url, *_others(url, urls)], path, pause))
        for url in urls
        for path in paths
        for pause in PAUSES
    ]
    for thread in threads:
        thread.start()
    try:
        yield visitors
    finally:
        visitors._over.set()
        for thread in threads:
            thread.join()


def _others(url: str, urls: Sequence[str]) -> list[str]:
    return [other for other in urls if other != url]
