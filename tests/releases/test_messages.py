"""Messages change with the tracking pages: seen before, shown, and taken back with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dispatch.domain.outbox.message import Channel, Told
from qdn_site.releases import pages as showing
from qdn_site.releases import preview
from qdn_site.releases.pages import Follower, ReleaseTemplates
from qdn_site.releases.static import ReleaseStatic
from tests.making import BUSINESS, NOON, FakeClock, make_job
from tests.releases.fakes import MemoryReleases
from tests.releases.making import make_pack, pages, point
from tracking.messages.compose import compose


@pytest.fixture(autouse=True)
def images_own_pages() -> Iterator[None]:
    yield
    showing.show({})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pages(tmp_path / "source")


def change(source: Path, name: str, old: str, new: str) -> None:
    path = source / "templates/tracking/messages" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def confirmed(channel: Channel = Channel.SMS) -> str:
    job = make_job(status="booked")
    said = compose(BUSINESS, job, Told.CONFIRMED, channel, since=NOON, at=NOON)
    return said.text + said.html


def problems(source: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is wrong with its messages, as the preview prints it."""
    showing.show({"track": ReleaseTemplates(make_pack(source, surface="track"))})
    preview._say_messages()
    lines = capsys.readouterr().out.splitlines()
    return [line.removeprefix("! track: ") for line in lines if line.startswith("! ")]


def test_a_running_process_says_what_was_released_and_what_was_before(
    source: Path, clock: FakeClock
) -> None:
    old = make_pack(source, surface="track")
    change(source, "confirmed.sms.txt", "is confirmed", "stands")
    change(source, "_email.html", "<title>", "<title>New: ")
    new, store = make_pack(source, surface="track"), MemoryReleases()
    follower = Follower(store, ReleaseStatic(store, clock), clock)
    for pack, says in ((old, False), (new, True), (old, False)):
        point(store, pack)
        follower.look()
        assert follower.refused == {}
        assert ("Your pickup stands" in confirmed()) is says
        assert ("<title>New: " in confirmed(Channel.EMAIL)) is says


def test_all_messages_are_previewed_with_their_length(capsys: pytest.CaptureFixture[str]) -> None:
    preview._say_messages()
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if not line.startswith("message ")]
    for event in Told:
        assert any(line.startswith(f"message {event}, email, en, ") for line in lines)
    (late,) = (line for line in lines if line.startswith("message late, sms, en, "))
    assert "characters, 2 segments: QuickDumpNow: We are now expected at about" in late
    assert "https://quickdumpnow.com/track/" in late, "as long as in production"


def test_a_text_that_is_too_long_is_named(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(source, "late.sms.txt", "{% endblock %}", "so very late " * 40 + "{% endblock %}")
    said, theirs = problems(source, capsys)
    assert said == "tracking/messages/late.sms.txt in en: 5 segments, at most 3"
    assert theirs == "tracking/messages/late.sms.txt in es: 5 segments, at most 3"


def test_a_message_that_cannot_be_made_is_named(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(source, "price.email.txt", "line.amount|money:business", "line.amount|money:job")
    said, theirs = problems(source, capsys)
    assert said.startswith("tracking/messages/price.email.txt in en: AttributeError: ")
    assert theirs == said.replace("in en", "in es")


def test_a_message_that_a_release_lacks_is_named(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "templates/tracking/messages/answered.sms.txt").unlink()
    said, theirs = problems(source, capsys)
    assert said.startswith("tracking/messages/answered.sms.txt in en: TemplateDoesNotExist")
    assert theirs == said.replace("in en", "in es")


@pytest.mark.long
def test_stage_refuses_a_release_whose_message_fails(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDN_STAGING_RELEASES_URL", f"file:{tmp_path / 'staging'}")
    change(source, "late.sms.txt", "{% endblock %}", "so very late " * 40 + "{% endblock %}")
    with pytest.raises(CommandError, match=r"messages/late\.sms\.txt in en: 5 segments"):
        call_command("stage", "track", "--from", str(source), "--by", "joel")
    assert not (tmp_path / "staging").exists()
