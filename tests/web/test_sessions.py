"""What ends every session at once, and what does not: a new secret that knows the old one."""

from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.test import Client, override_settings
from msgspec.structs import replace

from dispatch.roster import change_member
from tests.conftest import signed_in
from tests.making import BUSINESS, PASSWORD

NEW_SECRET = "a-new-secret-" + "n" * 50


def is_in(client: Client) -> bool:
    return client.get("/dashboard/board").status_code == 200


def copy_of(client: Client) -> Client:
    thief = Client()
    thief.cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    return thief


def test_a_session_goes_on_under_a_new_secret_that_knows_the_old_one(joel: Client) -> None:
    old = copy_of(joel)
    with override_settings(SECRET_KEY=NEW_SECRET, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert is_in(joel)
    with override_settings(SECRET_KEY=NEW_SECRET):
        assert not is_in(old)


def test_it_is_renewed_under_the_new_secret_and_outlives_the_old_one(joel: Client) -> None:
    with override_settings(SECRET_KEY=NEW_SECRET, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert is_in(joel)
    with override_settings(SECRET_KEY=NEW_SECRET):
        assert is_in(joel)


def test_signing_out_everywhere_ends_all_sessions_and_copies(joel: Client) -> None:
    phone, thief = signed_in("joel"), copy_of(joel)
    assert joel.post("/dashboard/account/sign-out").status_code == 303
    assert not any(map(is_in, (joel, phone, thief)))
    assert is_in(signed_in("joel"))


def test_nobody_elses_session_ends_with_it(joel: Client, dana: Client) -> None:
    joel.post("/dashboard/account/sign-out")
    assert is_in(dana)


def test_a_session_of_before_the_password_changed_twice_stays_ended(joel: Client) -> None:
    """Not even the same password again brings it back."""
    old = copy_of(joel)
    held = {"old_password": PASSWORD, "new_password": PASSWORD}
    assert joel.post("/dashboard/account/", held).status_code == 303
    assert is_in(joel)
    assert not is_in(old)


@pytest.mark.usefixtures("roster")
def test_who_is_made_active_again_signs_in_anew_after_the_epoch_changed(joel: Client) -> None:
    change_member(BUSINESS, "joel", lambda member: replace(member, active=False, epoch=9))
    assert not is_in(joel)
    change_member(BUSINESS, "joel", lambda member: replace(member, active=True))
    assert not is_in(joel)
