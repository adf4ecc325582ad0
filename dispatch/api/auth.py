"""Tokens, and who may call what."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Self, cast

import jwt
import msgspec
from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.crypto import constant_time_compare, salted_hmac
from dmr import Controller, ResponseSpec
from dmr.endpoint import Endpoint
from dmr.openapi.objects import Reference, SecurityRequirement, SecurityScheme
from dmr.security import SyncAuth
from dmr.serializer import BaseSerializer

from dispatch import wiring
from dispatch.accounts import last_roster
from dispatch.api.problems import CHALLENGE, Refused, documented
from dispatch.domain.business import Business
from dispatch.domain.permissions import Permission
from dispatch.http import SiteRequest, no_permission
from dispatch.models import CrewUser
from dispatch.ratelimit import Limit, source

LIFETIME = timedelta(hours=12)
ALGORITHM = "HS256"
CALLS = Limit("api calls", most=600, seconds=60)


class Claims(msgspec.Struct, frozen=True):
    """Member `sub` of business `aud` may call until `exp`, as long as `sah` is theirs.

    That is the hash that ends Django's sessions too: a new password or "sign out everywhere"
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
    """The member whose valid token this is. Raises StoreUnavailable."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)  # the first one signs
    read = (_read(token, _key(secret), business.slug) for secret in secrets)
    claims = next(filter(None, read), None)
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
            *(token, key, [ALGORITHM]),
            audience=slug,
            # Our own clock decides, in `owner`.
            options={"verify_exp": False, "verify_iat": False},
        )
        return msgspec.convert(claims, Claims)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        # PyJWT lets through what it never meant to meet, such as a header nested a thousand deep.
        return None


def _key(secret: str) -> bytes:
    """For this purpose alone: it tells nothing of the secret. The salt is the tokens' for good."""
    return salted_hmac("dispatch.api.tokens", ALGORITHM, secret=secret, algorithm="sha256").digest()


class MemberAuth(SyncAuth):
    """Lets members pass who have the permission: 401 for strangers, 403 for others.

    Not dmr's own JWT or session auth: those look users up in a database, and their tokens
    outlive a change of password.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, endpoint: Endpoint, controller: Controller[BaseSerializer]) -> Self:
        user = _caller(cast(SiteRequest, controller.request))
        if not user.actor.may(self.permission):
            raise Refused(HTTPStatus.FORBIDDEN, no_permission(user, self.permission))
        controller.request.user = user
        return self

    @property
    def www_authenticate_challenge(self) -> str:
        return CHALLENGE["WWW-Authenticate"]

    def security_schemes(self, *_: Any) -> dict[str, SecurityScheme | Reference]:
        return {
            "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
            "session": SecurityScheme(
                type="apiKey",
                security_scheme_in="cookie",
                name="sessionid",
                description="The crew's pages; unsafe methods need `X-CSRFToken` too.",
            ),
        }

    def security_requirements(self, *_: Any) -> list[SecurityRequirement]:
        return [{"bearer": []}, {"session": []}]

    def provide_response_specs(self, *_: Any) -> list[ResponseSpec]:
        ranks = ", ".join(sorted(self.permission.ranks))
        return [
            documented(HTTPStatus.UNAUTHORIZED, "No valid token, and no session."),
            documented(
                HTTPStatus.FORBIDDEN, f"For {ranks} only; or a session without its `X-CSRFToken`."
            ),
        ]


def unauthorized(detail: str) -> Refused:
    return Refused(HTTPStatus.UNAUTHORIZED, detail, headers=CHALLENGE)


def _caller(request: SiteRequest) -> CrewUser:
    """Raises Refused, TooMany. Who sends a token is judged by it alone: no session is touched."""
    CALLS.spend(source(request))
    header = request.headers.get("Authorization")
    if header is not None:
        # Django would mend or delete broken cookies in its answer; a token has no use for any.
        request.COOKIES.clear()
        request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and (member := owner(token.strip(), request.business)):
            return member
        raise unauthorized(
            "This token is not, or no longer, valid. Get a new one: POST /api/token."
        )
    user: Any = request.user
    if not user.is_authenticated:
        raise unauthorized("Sign in first: get a token from POST /api/token.")
    if reason := _CsrfCheck(lambda _: None).failure(request):  # type: ignore[arg-type]
        raise Refused(HTTPStatus.FORBIDDEN, f"The session needs an X-CSRFToken header: {reason}")
    return user._wrapped if hasattr(user, "_wrapped") else user  # type: ignore[no-any-return]


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check, run here because only the session needs it."""

    def failure(self, request: HttpRequest) -> str:
        """Why the request is refused; empty if it is not."""
        self.process_request(request)
        return str(self.process_view(request, None, (), {}) or "")  # type: ignore[arg-type]

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason
