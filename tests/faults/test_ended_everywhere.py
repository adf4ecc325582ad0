"""A session or token that is ended is soon ended on every worker."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.faults.visitor import Visitor
from tests.making import PASSWORD
from tests.serving import environment_of, manage, serving

pytestmark = pytest.mark.long
SOON = 30.0  # seconds: two are promised, but a busy machine is no proof
Pair = tuple[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ended")


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[Pair]:
    """Two servers of one worker each, so that we choose who answers."""
    with (
        serving(folder, QDN_WORKERS="1") as first,
        serving(folder, QDN_WORKERS="1", members=False) as second,
    ):
        yield first, second


def token(base: str, username: str) -> str:
    body = json.dumps({"username": username, "password": PASSWORD}).encode()
    call = Request(f"{base}/api/token", body, {"Content-Type": "application/json"})
    with urlopen(call, timeout=20) as answer:
        return str(json.load(answer)["access"])


def calls(base: str, bearer: str) -> int:
    call = Request(f"{base}/api/jobs", headers={"Authorization": f"Bearer {bearer}"})
    try:
        with urlopen(call, timeout=20) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def ends(status: Callable[[], int]) -> bool:
    """True where the answer becomes 401 in time, and stays so."""
    until = time.monotonic() + SOON
    while status() != 401:
        if time.monotonic() > until:
            return False
    return all(status() == 401 for _ in range(10))


def test_signing_out_ends_a_copied_cookie_at_the_other_worker(pair: Pair) -> None:
    here = Visitor(pair[0]).signed_in("joel")
    copied = here.elsewhere(pair[1])
    assert copied.get("/dashboard/board").status == 200
    assert here.post("/dashboard/logout/").status == 303
    assert ends(lambda: copied.get("/dashboard/board").status)


def test_sign_out_everywhere_ends_other_sessions_and_tokens_too(pair: Pair) -> None:
    here, phone = Visitor(pair[0]).signed_in("ana"), Visitor(pair[1]).signed_in("ana")
    bearer = token(pair[1], "ana")
    assert (phone.get("/dashboard/board").status, calls(pair[1], bearer)) == (200, 200)
    here.get("/dashboard/account/")
    assert here.post("/dashboard/account/sign-out").status == 303
    assert ends(lambda: phone.get("/dashboard/board").status)
    assert ends(lambda: calls(pair[1], bearer))


def test_a_new_password_from_a_shell_ends_sessions_and_tokens_on_both(
    pair: Pair, folder: Path
) -> None:
    both = [Visitor(base).signed_in("vic") for base in pair]
    bearer = token(pair[0], "vic")
    manage(
        environment_of(folder), "crew", "password", "vic", "--password-stdin", said="heap-99-truck"
    )
    for visitor in both:
        assert ends(lambda visitor=visitor: visitor.get("/dashboard/board").status)
    assert ends(lambda: calls(pair[1], bearer))
