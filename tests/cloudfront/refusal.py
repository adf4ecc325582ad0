"""How CloudFront says no: by the names and statuses of botocore's own service model."""

from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session

XMLNS = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


class Refusal(Exception):
    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code

    @property
    def status(self) -> int:
        return status_of(self.code)

    def xml(self) -> str:
        what = f"<Type>Sender</Type><Code>{self.code}</Code><Message>{escape(str(self))}</Message>"
        xml = f'<ErrorResponse xmlns="{XMLNS}"><Error>{what}</Error><RequestId>0</RequestId>'
        return f"{xml}</ErrorResponse>"


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("cloudfront")


@cache
def status_of(code: str) -> int:
    if code not in _model().shape_names:
        return 403 if code == "MissingAuthenticationToken" else 400
    return int(_model().shape_for(code).metadata["error"]["httpStatusCode"])
