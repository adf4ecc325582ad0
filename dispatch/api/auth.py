"""Signing in, tokens, and who may call what."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Self, cast

import jwt
import msgspec
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.crypto import constant_time_compare, salted_hmac
from dmr import Controller, ResponseSpec, validate
from dmr.endpoint import Endpoint
from dmr.metadata import EndpointMetadata
from dmr.openapi.objects import MediaTypeMetadata, Reference, SecurityRequirement, SecurityScheme
from dmr.plugins.msgspec import BodyMsgspec
from dmr.security import SyncAuth
from dmr.serializer import BaseSerializer
from msgspec import Meta
from typing_extensions import override

from dispatch import wiring
from dispatch.accounts import last_roster
from dispatch.api.base import CHANGE, Api, problems, success
from dispatch.api.problems import CHALLENGE, Refused, documented
from dispatch.api.schemas import Body
from dispatch.domain.business import Business
from dispatch.domain.permissions import Permission
from dispatch.http import SiteRequest, no_permission
from dispatch.models import CrewUser
from dispatch.ratelimit import Limit, source

LIFETIME = timedelta(hours=12)
ALGORITHM = "HS256"
CALLS = Limit("api calls", most=600, seconds=60)
NO_SUCH_USER = "That name and password do not go together."
CREDENTIALS = MediaTypeMetadata(example={"username": "dana", "password": "…"})
TOKEN = {"access": "eyJhbGciOiJIUzI1NiIs…", "expires_in": 43200, "token_type": "Bearer"}
AnyController = Controller[BaseSerializer]


class Credentials(Body, frozen=True, kw_only=True):
    """A crew member's own."""

    username: str
    password: str


class Token(msgspec.Struct, frozen=True):
    access: str
    expires_in: Annotated[int, Meta(description="seconds")]
    token_type: str = "Bearer"  # noqa: S105


class TokenApi(Api):
    tags = ("Signing in",)

    @validate(
        success(Token, "A token for 12 hours.", example=TOKEN),
        *CHANGE,
        *problems(unauthorized=NO_SUCH_USER),
        operation_id="getToken",
    )
    def post(self, parsed_body: BodyMsgspec[Annotated[Credentials, CREDENTIALS]]) -> HttpResponse:
        """Get a token

        Send it as `Authorization: Bearer <access>`. It ends with your password, and when you
        sign out everywhere.
        """
        user = authenticate(
            self.request, username=parsed_body.username, password=parsed_body.password
        )
        if not isinstance(user, CrewUser):
            raise _stranger(NO_SUCH_USER)
        token = Token(issue(user), int(LIFETIME.total_seconds()))
        response = self.answer(token)
        response.headers["Cache-Control"] = "no-store"
        return response


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

    @override
    def __call__(self, endpoint: Endpoint, controller: AnyController) -> Self:
        user = _caller(cast(SiteRequest, controller.request))
        if not user.actor.may(self.permission):
            raise Refused(HTTPStatus.FORBIDDEN, no_permission(user, self.permission))
        controller.request.user = user
        return self

    @property
    @override
    def www_authenticate_challenge(self) -> str:
        return CHALLENGE["WWW-Authenticate"]

    @override
    def security_schemes(
        self, metadata: EndpointMetadata, controller_cls: type[AnyController]
    ) -> dict[str, SecurityScheme | Reference]:
        return {
            "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
            "session": SecurityScheme(
                type="apiKey",
                security_scheme_in="cookie",
                name="sessionid",
                description="The crew's pages; unsafe methods need `X-CSRFToken` too.",
            ),
        }

    @override
    def security_requirements(
        self, metadata: EndpointMetadata, controller_cls: type[AnyController]
    ) -> list[SecurityRequirement]:
        return [{"bearer": []}, {"session": []}]

    @override
    def provide_response_specs(
        self,
        metadata: EndpointMetadata,
        controller_cls: type[AnyController],
        existing_responses: Mapping[HTTPStatus, ResponseSpec],
    ) -> list[ResponseSpec]:
        return [
            documented(HTTPStatus.UNAUTHORIZED, "No valid token, and no session."),
            documented(
                HTTPStatus.FORBIDDEN,
                f"For {', '.join(sorted(self.permission.ranks))} only;"
                " or a session without its `X-CSRFToken`.",
            ),
        ]


def _caller(request: SiteRequest) -> CrewUser:
    """Raises Refused, TooMany. Who sends a token is judged by it alone: no session is touched."""
    CALLS.spend(source(request))
    header = request.headers.get("Authorization")
    if header is not None:
        # Django would mend or delete broken cookies in its answer; a token has no use for any.
        request.COOKIES.clear()
        request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)
        return _bearer(request, header)
    user: Any = request.user
    if not user.is_authenticated:
        raise _stranger("Sign in first: get a token from POST /api/token.")
    if reason := _CsrfCheck(lambda _: None).failure(request):  # type: ignore[arg-type]
        raise Refused(HTTPStatus.FORBIDDEN, f"The session needs an X-CSRFToken header: {reason}")
    return user._wrapped if hasattr(user, "_wrapped") else user  # type: ignore[no-any-return]


def _bearer(request: SiteRequest, header: str) -> CrewUser:
    scheme, _, token = header.partition(" ")
    user = owner(token.strip(), request.business) if scheme.lower() == "bearer" else None
    if user is None:
        raise _stranger("This token is not, or no longer, valid. Get a new one: POST /api/token.")
    return user


def _stranger(detail: str) -> Refused:
    return Refused(HTTPStatus.UNAUTHORIZED, detail, headers=CHALLENGE)


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check, run here because only the session needs it."""

    def failure(self, request: HttpRequest) -> str:
        """Why the request is refused; empty if it is not."""
        self.process_request(request)
        return str(self.process_view(request, None, (), {}) or "")  # type: ignore[arg-type]

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason
