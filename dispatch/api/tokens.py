"""Bearer tokens: signed here, and worth nothing once the member's sessions are."""

from collections.abc import Iterator
from datetime import timedelta

import jwt
import msgspec
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from dispatch import wiring
from dispatch.accounts import last_roster
from dispatch.domain.business import Business
from dispatch.models import CrewUser

LIFETIME = timedelta(hours=12)
ALGORITHM = "HS256"


class Claims(msgspec.Struct, frozen=True):
    """Who (`sub`) of which business (`aud`), until when (`exp`), and while what holds (`sah`).

    `sah` is the hash that ends Django's sessions too: a new password or "sign out everywhere"
    changes it.
    """

    sub: str
    aud: str
    iat: int
    exp: int
    sah: str


def issue(user: CrewUser) -> str:
    at = wiring.now()
    claims = Claims(
        sub=user.username,
        aud=user.business_slug,
        iat=int(at.timestamp()),
        exp=int((at + LIFETIME).timestamp()),
        sah=user.get_session_auth_hash(),
    )
    return jwt.encode(msgspec.to_builtins(claims), _key(settings.SECRET_KEY), algorithm=ALGORITHM)


def owner(token: str, business: Business) -> CrewUser | None:
    """Whose token this is, if it is a good one here and now. Raises StoreUnavailable."""
    claims = next((read for key in _keys() if (read := _read(token, key, business.slug))), None)
    if claims is None or claims.exp <= wiring.now().timestamp():
        return None
    member = last_roster(business).value(claims.sub)
    if member is None or not member.active:
        return None
    user = CrewUser.of(member, business.slug)
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(constant_time_compare(claims.sah, each) for each in hashes) else None


def _read(token: str, key: bytes, slug: str) -> Claims | None:
    """The claims of a token that this key has signed for this business; time is not looked at."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=slug,
            # Our own clock decides, in `owner`.
            options={"verify_exp": False, "verify_iat": False},
        )
        return msgspec.convert(claims, Claims)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        # PyJWT lets through what it never meant to meet, such as a header nested a thousand deep.
        return None


def _keys() -> Iterator[bytes]:
    """Signing is with the first; those of old secrets are still accepted."""
    return map(_key, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def _key(secret: str) -> bytes:
    """A key for this purpose alone, which tells nothing of the secret it was derived from."""
    return salted_hmac("dispatch.api.tokens", ALGORITHM, secret=secret, algorithm="sha256").digest()
