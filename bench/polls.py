"""Open pages, which ask as their scripts do."""

import re
from dataclasses import dataclass

from bench.site import CREW_HOST, FETCH, Answer, request

REVISION = re.compile(rb'data-revision="(\d+)"')


@dataclass
class Board:
    """As `static/dispatch/board.js` polls it."""

    cookie: str
    etag: str = ""
    revision: int = 0

    def asks(self) -> bytes:
        known = {"If_None_Match": self.etag} if self.etag else {}
        path = f"/dashboard/board?&r={self.revision}&since={self.revision}"
        return request(path, host=CREW_HOST, Cookie=self.cookie, **FETCH, **known)

    def takes(self, answer: Answer) -> None:
        if answer.status == 304:
            return
        found = REVISION.search(answer.text)
        assert found, answer
        self.etag, self.revision = answer.headers["etag"], int(found[1])


@dataclass
class TrackingPage:
    """As `static/tracking/track.js` polls it."""

    token: str
    etag: str = ""

    def asks(self) -> bytes:
        known = {"If_None_Match": self.etag} if self.etag else {}
        return request(f"/track/{self.token}/live?r=1", **FETCH, **known)

    def takes(self, answer: Answer) -> None:
        self.etag = answer.headers["etag"]
