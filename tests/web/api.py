"""A program that uses the API: JSON in, JSON out, with a token or without."""

from typing import Any

from django.test import Client

from tests.making import PASSWORD


class Program:
    """Calls as a client library would; `answer.json()` is what came back."""

    def __init__(self, username: str = "", **headers: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = headers
        if username:
            self.headers["Authorization"] = f"Bearer {self.sign_in(username)}"

    def sign_in(self, username: str, password: str = PASSWORD) -> str:
        answer = self.post("token", {"username": username, "password": password})
        assert answer.status_code == 200, answer.content
        return str(answer.json()["access"])

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/{path}", headers={**self.headers, **headers})

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self._send("post", path, body, headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self._send("patch", path, body, headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self._send("put", path, body, headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        return getattr(self.client, method)(
            f"/api/{path}",
            body,
            content_type="application/json",
            headers={**self.headers, **headers},
        )


def is_problem(answer: Any, status: int) -> bool:
    """An error in the one form that all errors of the API have."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    return True
