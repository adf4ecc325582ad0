"""What happens, told to a program of the business: signed, without name and link."""

import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from dispatch.domain.outbox.message import Envelope, NotSent, Refused
from dispatch.domain.stored.record import JSON
from dispatch.domain.typed.sentences import Sentence as _

TIMEOUT = 4.0  # seconds to connect, and to answer
MAY_PASS = {408, 425, 429}  # of the refusals


class Webhook:
    """A `Carrier`. A redirect is not followed."""

    def __init__(
        self, url: str, secret: str, *, now: Callable[[], datetime], timeout: float = TIMEOUT
    ) -> None:
        self._url, self._secret = urlsplit(url), secret.encode()
        self._now, self._timeout = now, timeout

    def send(self, envelope: Envelope) -> None:
        told = {
            "id": envelope.id,
            "event": envelope.event,
            "job_id": envelope.job_id,
            "at": envelope.at,
        }
        status = self._answer(JSON.encode(told), envelope.id)
        if 200 <= status < 300:
            return
        said = _("The webhook answered %(status)d.", status=status)
        if 300 <= status < 400:
            raise NotSent(
                _(
                    "The webhook answered %(status)d. Redirects are not followed: name the address"
                    " itself.",
                    status=status,
                )
            )
        if 400 <= status < 500 and status not in MAY_PASS:
            raise Refused(said)
        raise NotSent(said)

    def _answer(self, body: bytes, key: str) -> int:
        """The status. Raises NotSent."""
        connect = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = connect(self._url.hostname or "", self._url.port, timeout=self._timeout)
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            connection.request("POST", path, body, self._headers(body, key))
            return connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise NotSent(f"The webhook could not be reached: {_said(error)}") from error
        finally:
            connection.close()

    def _headers(self, body: bytes, key: str) -> dict[str, str]:
        timestamp = str(int(self._now().timestamp()))
        signed = hmac.new(self._secret, f"{timestamp}.".encode() + body, sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "QuickDumpNow",
            "Idempotency-Key": key,
            "X-QDN-Timestamp": timestamp,
            "X-QDN-Signature": f"sha256={signed}",
        }


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
