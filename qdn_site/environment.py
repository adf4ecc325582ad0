"""The environment, read once, so that every missing or wrong setting is named together."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec
from django.core.exceptions import ImproperlyConfigured

from dispatch.domain.business import Business
from dispatch.domain.outbox.mailserver import LOOPBACK, MailServer
from dispatch.domain.stored.document import how_to_say, wrong_with

STAGES = ("development", "staging", "production")
CONSOLE = "console:"
SHORTEST_SECRET = 32  # characters


@dataclass
class Environment:
    """Variables, and what is wrong with them. `refuse()` raises if anything is."""

    variables: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(name, "").strip() or default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true", "yes", "on")

    def items(self, name: str) -> list[str]:
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def needed(self, name: str, why: str) -> str:
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is not set: {why}")
        return value

    def stage(self) -> str:
        stage = self.needed("QDN_STAGE", f"say which stage this is: {', '.join(STAGES)}.")
        if stage and stage not in STAGES:
            self.problems.append(f"QDN_STAGE is {stage!r}, none of {', '.join(STAGES)}.")
        return stage

    def place(self, name: str, stage: str, schemes: tuple[str, ...], several: bool) -> str:
        """A `file:` or other address; the laptop's own folder in development only."""
        here = "file:var/data/{business}" if several else "file:var/data"
        why = f"{how_to_say(schemes)}."
        url = self.text(name, here) if stage == "development" else self.needed(name, why)
        wrong = wrong_with(url, schemes, several=several) if url else []
        self.problems += [f"{name} {said}" for said in wrong]
        return url

    def cache(self, name: str) -> dict[str, object]:
        """Django's cache that counts rate limits."""
        url = self.text(name, "locmem:")
        if url == "locmem:":
            # Whoever wants one limit forgotten must first run into 20,000 others: the few that
            # make room for a new one are those that nobody has tried for longest.
            return {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": 20_000, "CULL_FREQUENCY": 200},
            }
        if _parts(url).scheme in ("redis", "rediss"):
            return {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": url,
                "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},  # seconds
            }
        self.problems.append(f"{name} is {url!r}, none of locmem:, redis://….")
        return {}

    def releases(self, name: str) -> str:
        """`file:<folder>` or `s3://bucket/prefix`; none, where there are no releases."""
        url = self.text(name)
        parts = _parts(url)
        s3 = parts.scheme == "s3" and parts.netloc
        if url and not s3 and not (parts.scheme == "file" and parts.path):
            self.problems.append(f"{name} is {url!r}, none of file:<folder>, s3://bucket/prefix.")
        return url

    def photos(self, name: str, stage: str) -> str:
        """As `releases`, where a laptop has a folder of its own; none, where no photos are asked
        for.
        """
        url = self.releases(name) or ("file:var/media" if stage == "development" else "")
        if "{" in url:
            said = "leave the braces out, each business has a folder of its own in it."
            self.problems.append(f"{name} is {url!r}: {said}")
        return url

    def email(self, name: str, stage: str) -> str:
        """`console:`, `ses:` or a MailServer's address; empty, where no e-mail is sent."""
        url = self._channel(name, stage)
        if url not in ("", CONSOLE, "ses:"):
            try:
                MailServer.of(url)
            except ValueError as wrong:  # the address is not shown: there is a password in it
                how = f"say {CONSOLE}, ses: or smtp://user:password@host:587"
                self.problems.append(f"{name} {wrong}: {how}.")
        return url

    def sms(self, name: str, stage: str) -> str:
        """`console:` or `sns:`; empty, where no texts are sent."""
        url = self._channel(name, stage)
        if url not in ("", CONSOLE, "sns:"):
            self.problems.append(f"{name} is {url!r}, none of {CONSOLE}, sns:.")
        return url

    def _channel(self, name: str, stage: str) -> str:
        return self.text(name, CONSOLE if stage == "development" else "")

    def webhook(self, name: str, secret_name: str, stage: str) -> tuple[str, str]:
        """Where events are posted to, and what they are signed with; empty, where they are not."""
        url, secret = self.text(name), self.text(secret_name)
        if bool(url) != bool(secret):
            there, missing = (name, secret_name) if url else (secret_name, name)
            self.problems.append(f"{missing} is not set, but {there} is: set both, or neither.")
        if secret and len(secret) < SHORTEST_SECRET:
            said = f"it has {len(secret)} characters, and needs {SHORTEST_SECRET} at least."
            self.problems.append(f"{secret_name} is too short to sign with: {said}")
        parts = _parts(url)
        is_here = stage == "development" and parts.hostname in LOOPBACK
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here)
        if url and not (is_safe and can_be_asked(url) and not (parts.username or parts.fragment)):
            said = "is no address such as https://example.com/events: https, without a user."
            self.problems.append(f"{name} {said}")
        return url, secret

    def hosts(self, businesses: Iterable[Business], stage: str) -> list[str]:
        """The names that this stage answers to."""
        hosts = [
            *(host for business in businesses for host in hosts_of(business, stage)),
            *(["localhost", "127.0.0.1", "[::1]"] if stage == "development" else []),
            *self.items("DJANGO_ALLOWED_HOSTS"),
        ]
        if stage in STAGES and not hosts:
            self.problems.append(
                f"No business has a host in {stage}: give one a [business.{stage}] with its"
                " public_url, or set DJANGO_ALLOWED_HOSTS."
            )
        return hosts

    def refuse(self) -> None:
        if self.problems:
            raise ImproperlyConfigured("\n  ".join(["Refusing to start:", *self.problems]))


def can_be_asked(address: str) -> bool:
    """It is the whole address of a site, as a client of HTTP can ask it."""
    parts = _parts(address)
    try:
        host = (parts.hostname or "").encode("idna")
    except UnicodeError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and address.isascii()


def _parts(url: str) -> SplitResult:
    """Of what is no address at all, empty ones."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    business: tuple[Business, ...]


def read_businesses(path: Path) -> tuple[Business, ...]:
    """The businesses file. Raises ImproperlyConfigured naming the line that does not fit."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # with a byte order mark or without
        businesses = msgspec.convert(tomllib.loads(text), _File).business
    except OSError as error:
        raise ImproperlyConfigured(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path}: {error}") from error
    except msgspec.ValidationError as error:
        raise ImproperlyConfigured(f"{path}{_line(text, str(error))}: {error}") from error
    slugs = [business.slug for business in businesses]
    hosts = [host for business in businesses for host in hosts_of(business)]
    for kind, names in (("slug", slugs), ("host", hosts)):
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ImproperlyConfigured(f"{path}: two businesses share the {kind} {doubled.pop()}")
    if not businesses:
        raise ImproperlyConfigured(f"{path}: there is no [[business]] in it")
    return businesses


def hosts_of(business: Business, stage: str | None = None) -> list[str]:
    """The host names of a business, at one stage or at all."""
    by_stage = {"production": business.production, "staging": business.staging}
    sites = [site for name, site in by_stage.items() if site and stage in (name, None)]
    urls = [url for site in sites for url in (site.public_url, site.dashboard_url) if url]
    named = [urlsplit(url).hostname or "" for url in urls]
    more = [host for site in sites for host in site.hosts]
    if stage in ("development", None):
        # Browsers find every name below localhost on the machine itself; it may have no `_`.
        more.append(f"{business.slug.replace('_', '-')}.localhost")
    return list(dict.fromkeys(host.lower() for host in named + more))


def _line(text: str, message: str) -> str:
    """The line of the file that msgspec's path (`$.business[0].windows[1].start`) points to."""
    path = re.search(r"`\$([^`]*)`", message)
    steps = re.findall(r"(\w+)(?:\[(\d+)\])?", path[1] if path else "")
    # What the path does not say, because it is wrong in itself or for the whole table.
    if more := re.search(r"unknown field `(\w+)`|^(timezone) |^two (\w+) are", message):
        steps.append((more[1] or more[2] or more[3], ""))
    at = 0
    for name, number in steps:
        at = _place_of(text, name, int(number or 0), at)
    return f", line {text[:at].count(chr(10)) + 1}" if at else ""


def _place_of(text: str, name: str, number: int, after: int) -> int:
    """The offset of that key, or of the item of that number in its list of tables."""
    if name == "business":
        return _nth(text, r"^\s*\[\[\s*business\s*\]\]()", number, after)
    at = _nth(
        text, rf"(?:^\s*|[{{,]\s*|\[\s*business\s*\.\s*|^\s*\[+\s*)({name})\s*[=\]]", 0, after
    )
    tables = re.compile(r"\w+\s*=\s*\[\s*\{").match(text, at)
    return _nth(text, r"\{()", number, at) if tables else at


def _nth(text: str, pattern: str, number: int, after: int) -> int:
    """The offset of a match's first group, counting matches from 0; `after` if there is none."""
    found = list(re.compile(pattern, re.MULTILINE).finditer(text, after))
    return found[number].start(1) if number < len(found) else after
