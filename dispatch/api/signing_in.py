"""`POST /api/token`: a name and a password for a token."""

from http import HTTPStatus
from typing import Annotated

from django.contrib.auth import authenticate
from django.http import HttpResponse
from dmr import validate
from dmr.openapi.objects import MediaTypeMetadata
from dmr.plugins.msgspec import BodyMsgspec
from msgspec import Meta

from dispatch.api import tokens
from dispatch.api.base import CHANGE, Api, problems, success
from dispatch.api.examples import TOKEN
from dispatch.api.problems import CHALLENGE, Refused
from dispatch.api.shapes import Credentials, Token
from dispatch.models import CrewUser

EXAMPLE = MediaTypeMetadata(example={"username": "dana", "password": "…"})


class TokenApi(Api):
    tags = ("Signing in",)

    @validate(
        success(Annotated[Token, Meta(examples=[TOKEN])], "A token for 12 hours."),
        *CHANGE,
        *problems(unauthorized="That name and password do not go together."),
        operation_id="getToken",
    )
    def post(self, parsed_body: BodyMsgspec[Annotated[Credentials, EXAMPLE]]) -> HttpResponse:
        """Get a token

        Send it as `Authorization: Bearer <access>`. It ends with your password, and when you
        sign out everywhere.
        """
        user = authenticate(
            self.request, username=parsed_body.username, password=parsed_body.password
        )
        if not isinstance(user, CrewUser):
            detail = "That name and password do not go together."
            raise Refused(HTTPStatus.UNAUTHORIZED, detail, headers=CHALLENGE)
        token = Token(tokens.issue(user), int(tokens.LIFETIME.total_seconds()))
        response = self.answer(token)
        response.headers["Cache-Control"] = "no-store"
        return response
