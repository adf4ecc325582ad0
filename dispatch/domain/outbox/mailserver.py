"""Where e-mail is handed over, as a setting names it: `smtp://user:password@host:587`."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
STARTTLS, TLS_AT_ONCE = 587, 465  # ports
ESCAPES = "in a user or password write % as %25, / as %2F, @ as %40, : as %3A"


class MailServer(NamedTuple):
    """Without a user it is one that knows us by our address."""

    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> "MailServer":
        """Raises ValueError, which says what is wrong with it, and never the password."""
        try:
            parts = urlsplit(url)
            port = parts.port or STARTTLS
        except ValueError:  # whose words may hold a part of the password
            raise ValueError(f"has no port that can be; {ESCAPES}") from None
        if parts.scheme != "smtp" or not parts.hostname:
            raise ValueError("names no mail server")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"goes on behind the port; {ESCAPES}")
        if bool(parts.username) != bool(parts.password):
            raise ValueError("has a user without a password, or a password without a user")
        user, password = (unquote(each or "") for each in (parts.username, parts.password))
        return cls(parts.hostname, port, user, password)

    @property
    def starts_with_tls(self) -> bool:
        return self.port == TLS_AT_ONCE

    @property
    def turns_to_tls(self) -> bool:
        """Always before anything is told, but where nobody listens: on the machine itself."""
        return not self.starts_with_tls and self.host not in LOOPBACK
