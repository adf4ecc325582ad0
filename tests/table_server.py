"""A DynamoDB on loopback for other processes, which may be killed at any moment: a transaction that
has begun is brought to its end here.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from botocore import xform_name
from botocore.exceptions import ClientError
from werkzeug import Request, Response
from werkzeug.serving import make_server

from dispatch.stores.dynamodb import Table
from tests.aws import aws_environment
from tests.dynalite import PlaysTransactions, running_dynalite
from tests.moto_server import Quiet, serving


@contextmanager
def running_table(client: Any) -> Iterator[str]:
    """The URL of an endpoint for which this client answers: boto3's, or a table in memory."""
    app = partial(_answer, client)
    with serving(make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)) as url:
        yield url


@contextmanager
def running_dynalite_table(name: str) -> Iterator[str]:
    """Of a table made in dynalite: slower, stricter, and readers see half transactions."""
    with running_dynalite() as endpoint:
        with patch.dict(os.environ, aws_environment(endpoint)):
            client = PlaysTransactions()
        Table(name, lambda: client).create()
        with running_table(client) as url:
            yield url


def _answer(client: Any, environ: Any, start_response: Any) -> Any:
    request = Request(environ)
    operation = xform_name(request.headers["X-Amz-Target"].partition(".")[2])
    question = json.loads(request.get_data(), object_hook=_with_bytes)
    try:
        status, said = 200, getattr(client, operation)(**question)
    except ClientError as error:
        status, said = 400, {**error.response, "__type": error.response["Error"]["Code"]}
    answer = Response(json.dumps(said, default=lambda raw: b64encode(raw).decode()), status)
    return answer(environ, start_response)


def _with_bytes(sent: dict[str, Any]) -> dict[str, Any]:
    is_binary = sent.keys() == {"B"} and isinstance(sent["B"], str)
    return {"B": b64decode(sent["B"])} if is_binary else sent
