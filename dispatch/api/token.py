"""`POST /api/token`: signing in."""

from typing import Annotated

import msgspec
from django.contrib.auth import authenticate
from django.http import HttpResponse
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec
from msgspec import Meta

from dispatch.api.auth import LIFETIME, issue, unauthorized
from dispatch.api.base import Api, call, success
from dispatch.api.schemas import Body
from dispatch.models import CrewUser

NO_SUCH_USER = "That name and password do not go together."
CREDENTIALS = MediaTypeMetadata(example={"username": "dana", "password": "…"})
TOKEN = {"access": "eyJhbGciOiJIUzI1NiIs…", "expires_in": 43200, "token_type": "Bearer"}


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

    @call("getToken", success(Token, "A token for 12 hours.", TOKEN), unauthorized=NO_SUCH_USER)
    def post(self, parsed_body: BodyMsgspec[Annotated[Credentials, CREDENTIALS]]) -> HttpResponse:
        """Get a token

        Send it as `Authorization: Bearer <access>`. It ends with your password, and when you
        sign out everywhere.
        """
        user = authenticate(
            self.request, username=parsed_body.username, password=parsed_body.password
        )
        if not isinstance(user, CrewUser):
            raise unauthorized(NO_SUCH_USER)
        response = self.answer(Token(issue(user), int(LIFETIME.total_seconds())))
        response.headers["Cache-Control"] = "no-store"
        return response
