"""Who calls, and whether they may: a bearer token, or the session of the crew's pages."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self, cast

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from dmr import Controller, ResponseSpec
from dmr.endpoint import Endpoint
from dmr.metadata import EndpointMetadata
from dmr.openapi.objects import Reference, SecurityRequirement, SecurityScheme
from dmr.security import SyncAuth
from dmr.serializer import BaseSerializer
from typing_extensions import override

from dispatch.api import tokens
from dispatch.api.problems import CHALLENGE, Refused, documented
from dispatch.domain.permissions import Permission
from dispatch.http import SiteRequest, no_permission
from dispatch.models import CrewUser
from dispatch.ratelimit import Limit, source

BEARER = "bearer"
SESSION = "session"
CALLS = Limit("api calls", most=600, seconds=60)
AnyController = Controller[BaseSerializer]


class MemberAuth(SyncAuth):
    """Those who may do this. 401 for strangers, 403 for those below the rank that it needs.

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
            BEARER: SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
            SESSION: SecurityScheme(
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
        return [{BEARER: []}, {SESSION: []}]

    @override
    def provide_response_specs(
        self,
        metadata: EndpointMetadata,
        controller_cls: type[AnyController],
        existing_responses: Mapping[HTTPStatus, ResponseSpec],
    ) -> list[ResponseSpec]:
        return [
            documented(HTTPStatus.UNAUTHORIZED, "No valid token, and no session."),
            documented(HTTPStatus.FORBIDDEN, self._forbidden),
        ]

    @property
    def _forbidden(self) -> str:
        ranks = ", ".join(sorted(self.permission.ranks))
        return f"For the ranks {ranks} only; or a session without its `X-CSRFToken`."


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
    user = tokens.owner(token.strip(), request.business) if scheme.lower() == "bearer" else None
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
