"""The roster: who is on it, what they may do, how their sessions end."""

import json

import pytest

from dispatch.domain.permissions import THE_CUSTOMER, Permission, Rank
from dispatch.domain.roster import MOST_SIGNED_OUT, Roster
from tests.making import NOON, make_member, seconds


@pytest.mark.parametrize("permission", Permission)
def test_a_dispatcher_may_do_all_that_others_may(permission: Permission) -> None:
    assert make_member(rank=Rank.DISPATCHER).actor.may(permission)
    assert not THE_CUSTOMER.may(permission)


def test_a_new_password_ends_every_session() -> None:
    member = make_member(password="old", epoch=3).with_password("new")
    assert (member.password, member.epoch) == ("new", 4)


def test_ended_sessions_are_forgotten_once_they_would_have_ended_anyway() -> None:
    member = make_member().signed_out_of("phone", NOON + seconds(60), NOON)
    assert member.has_left("phone")
    later = member.signed_out_of("laptop", NOON + seconds(999), NOON + seconds(60))
    assert [each.session for each in later.signed_out] == ["laptop"]


def test_whoever_signs_out_without_end_is_signed_out_everywhere_instead() -> None:
    member = make_member()
    for number in range(MOST_SIGNED_OUT):
        member = member.signed_out_of(f"s{number}", NOON + seconds(60), NOON)
    assert (member.epoch, len(member.signed_out)) == (0, MOST_SIGNED_OUT)
    assert member.has_left("s0")
    member = member.signed_out_of("one more", NOON + seconds(60), NOON)
    assert (member.epoch, member.signed_out) == (1, ())


def test_names_of_people_who_have_gone_are_still_shown() -> None:
    assert Roster().put(make_member("joel")).name_of("joel") == "Joel"
    assert Roster().name_of("pete") == "pete"


@pytest.mark.parametrize(
    ("name", "first"), [("Joel Ramirez", "Joel"), ("  ", "joel"), ("", "joel")]
)
def test_customers_read_a_first_name(name: str, first: str) -> None:
    assert make_member("joel", name=name).first_name == first


@pytest.mark.parametrize("username", ["customer", "system"])
def test_words_of_the_history_are_no_names(username: str) -> None:
    with pytest.raises(ValueError, match="word of the history"):
        make_member(username)


@pytest.mark.parametrize(
    "username", ["Joel", "jo el", "", "-joel", "x" * 33, "joel\n", "jö", "a:b"]
)
def test_a_username_is_short_and_plain(username: str) -> None:
    with pytest.raises(ValueError):
        Roster().put(make_member(username))


def test_an_unknown_role_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="captain: no such role"):
        make_member(roles=("driver", "captain"))


def test_a_changed_member_has_the_next_version() -> None:
    later = NOON + seconds(9)
    roster = Roster().changed(make_member("joel"), NOON)
    changed = roster.changed(roster.member("joel").with_password("x"), later)
    assert (changed.member("joel").version, changed.member("joel").updated_at) == (2, later)
    assert changed.changed(changed.member("joel"), NOON) is changed


def test_a_roster_survives_its_own_writing() -> None:
    member = make_member("joel").signed_out_of("phone", NOON + seconds(60), NOON)
    roster = Roster().changed(member, NOON).written("w1", NOON)
    assert Roster.decode(roster.encode()).members == roster.members


def test_fields_of_a_member_that_we_do_not_know_survive() -> None:
    body = Roster().put(make_member("joel")).encode()
    body = body.replace(b'"username"', b'"x_badge": {"no":  7.10},"username"')
    roster = Roster.decode(body)
    changed = roster.changed(roster.member("joel").with_password("x"), NOON)
    assert b'"x_badge":{"no":  7.10}' in changed.encode()


def test_a_member_who_cannot_be_read_hides_nobody() -> None:
    body = Roster().put(make_member("joel"), make_member("ana")).encode()
    roster = Roster.decode(body.replace(b'"rank":"crew"', b'"rank":"pirate"', 1))
    assert [member.username for member in roster.members] == ["ana"]
    assert "entry 'joel'" in roster.problems[0]


def test_a_member_is_a_value() -> None:
    with pytest.raises(AttributeError):
        make_member().rank = Rank.DISPATCHER  # type: ignore[misc]


def test_a_byte_order_mark_is_passed_over_and_a_number_in_a_text_field_is_text() -> None:
    stored = {"username": "joel", "name": "Joel", "rank": "crew", "phone": 6195550102}
    times = {"created_at": "2026-05-22T19:00:00Z", "updated_at": "2026-05-22T19:00:00Z"}
    roster = Roster.decode(b"\xef\xbb\xbf" + json.dumps({"members": [stored | times]}).encode())
    assert roster.member("joel").phone == "6195550102"
    assert not roster.encode().startswith(b"\xef\xbb\xbf")
