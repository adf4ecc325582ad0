"""How CloudFront says no: by the names and statuses of botocore's own service model."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session

XMLNS = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


class Refusal(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        if self.code not in _model().shape_names:
            return 403 if self.code == "MissingAuthenticationToken" else 400
        return int(_model().shape_for(self.code).metadata["error"]["httpStatusCode"])

    def xml(self) -> str:
        what = f"<Type>Sender</Type><Code>{self.code}</Code><Message>{escape(str(self))}</Message>"
        xml = f'<ErrorResponse xmlns="{XMLNS}"><Error>{what}</Error><RequestId>0</RequestId>'
        return f"{xml}</ErrorResponse>"


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("cloudfront")


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
