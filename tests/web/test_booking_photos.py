"""Photos of what is to be hauled: of strangers, so few and so small; none costs a booking."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.photo import Kind
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.photos.files import PhotoFiles
from tests.making import TOKEN, unavailable
from tests.photos.pictures import exif, jpeg, opened, scene, written
from tests.serving import PRODUCTION, settings_for
from tests.web.pages import text, words
from tests.web.test_booking import book, the_job

pytestmark = pytest.mark.usefixtures("media")
LARGE = jpeg(600, 400) + b"x" * 64 * 1024  # more than a form without files may have
AGAIN = "Please choose your photos again: a browser does not keep them."
LOST = "not all of its photos have arrived"


def file(data: bytes | None = None, name: str = "IMG_1.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if data is None else data, "image/jpeg")


def files(count: int) -> list[SimpleUploadedFile]:
    return [file(jpeg(100 + number, 50), f"{number}.jpg") for number in range(count)]


def kept(media: Path) -> list[Path]:
    return sorted(path for path in media.rglob("*") if path.is_file())


def test_photos_are_kept_small_and_bare_and_shown_on_the_customers_page(
    client: Client, jobs: JobRepository, media: Path
) -> None:
    large = file(written(scene(2000, 1000), exif=exif()))
    page = client.get(book(client, photo=[large, file()]).headers["Location"])
    photos = the_job(jobs).photos
    assert [(photo.kind, photo.by) for photo in photos] == [(Kind.REQUEST, "customer")] * 2
    bodies = [path.read_bytes() for path in kept(media)]
    assert sorted(opened(body).size for body in bodies) == [(800, 600), (1600, 800)]
    assert not any(b"Canary" in body for body in bodies)
    assert "From you, photo 2 of 2" in text(page)
    assert LOST not in words(page)
    shown = client.get(f"/track/{the_job(jobs).tracking_token}/photos/{photos[0].id}")
    assert shown.headers["Content-Type"] == "image/jpeg"


def test_the_crew_see_them(client: Client, dana: Client, jobs: JobRepository) -> None:
    book(client, photo=[file()])
    page = words(dana.get(f"/dashboard/jobs/{the_job(jobs).id}"))
    assert "1 photo added" in page


def test_a_booking_sent_again_has_its_photos_once(
    client: Client, jobs: JobRepository, media: Path
) -> None:
    """A double click, and the back button, which may bring a new key."""
    for key in ("one", "one", "another"):
        assert book(client, photo=files(2), key=key).status_code == 303
    assert len(the_job(jobs).photos) == len(kept(media)) == 2
    assert book(client, photo=files(3), key="one").status_code == 303
    assert len(the_job(jobs).photos) == 3


def test_no_more_than_six_are_had_by_sending_again(client: Client, jobs: JobRepository) -> None:
    """The crew's own need the others' places."""
    book(client, photo=files(6))
    page = client.get(book(client, photo=[file()]).headers["Location"])
    assert LOST in words(page)
    assert len(the_job(jobs).photos) == 6


def test_thirty_photos_are_refused_with_the_limit_and_nothing_else_is_lost(
    client: Client, jobs: JobRepository, media: Path
) -> None:
    page = book(client, photo=files(30), **{"item-mattress": "2"})
    assert page.status_code == 422
    assert 'id="id_photo_error">At most 6 photos fit, and you chose 30.' in text(page)
    assert AGAIN in words(page)
    assert 'value="Mark"' in text(page)
    assert "Gate code 4411" in text(page)
    assert 'value="2" data-price="40"' in text(page)
    assert jobs.read().jobs == ()
    assert kept(media) == []


@pytest.mark.parametrize("data", [b"%PDF-1.7 ...", b"", b"GIF89a"])
def test_what_is_no_picture_is_told_by_its_name(
    client: Client, jobs: JobRepository, data: bytes
) -> None:
    page = book(client, photo=[file(), file(data, "offer.pdf")])
    assert page.status_code == 422
    assert "offer.pdf: that is no JPEG or PNG picture, or a damaged one." in words(page)
    assert AGAIN in words(page)
    assert jobs.read().jobs == ()


def test_what_is_too_large_is_told_by_its_name(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.jobs.photos.MOST_BYTES", 1000)
    page = book(client, photo=[file(jpeg(), "big.jpg")])
    assert page.status_code == 422
    assert "big.jpg has more than 12 MB." in words(page)


def test_a_hostile_name_does_nothing_to_the_page(client: Client) -> None:
    page = text(book(client, photo=[file(b"x", "<script>\u202egpj.exe" + "x" * 200)]))
    assert "<script>\u202e" not in page
    assert "\u202e" not in page
    assert "x" * 61 not in page


def test_a_damaged_one_is_told_after_the_booking_and_the_others_are_kept(
    client: Client, jobs: JobRepository
) -> None:
    damaged = file(jpeg()[:200], "damaged.jpg")
    page = client.get(book(client, photo=[file(), damaged]).headers["Location"])
    assert "We have your request" in words(page)
    assert LOST in words(page)
    assert len(the_job(jobs).photos) == 1


@contextmanager
def no_room_for_photos(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(*_args: object) -> None:
        raise StoreUnavailable("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(PhotoFiles, "write", full)
        yield


def test_photos_that_cannot_be_kept_cost_no_booking(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with no_room_for_photos(monkeypatch):
        answer = book(client, photo=[file()])
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert "We have your request" in words(page)
    assert LOST in words(page)
    assert the_job(jobs).photos == ()
    again = client.get(book(client, photo=[file()]).headers["Location"])
    assert LOST not in words(again)
    assert len(the_job(jobs).photos) == 1


def test_of_a_booking_that_is_refused_nothing_is_kept(
    client: Client, jobs: JobRepository, media: Path
) -> None:
    assert book(client, photo=[file()], phone="").status_code == 422
    with unavailable(jobs):
        page = book(client, photo=[file()])
    assert page.status_code == 503
    assert AGAIN in words(page)
    assert kept(media) == []


def test_adding_up_says_that_photos_have_to_be_chosen_again(client: Client) -> None:
    assert AGAIN in words(book(client, photo=[file()], add_up="1"))
    assert AGAIN not in words(book(client, add_up="1"))


def test_where_none_are_kept_none_are_asked_for(client: Client, jobs: JobRepository) -> None:
    with override_settings(PHOTOS_URL=""):
        page = text(client.get("/book/"))
        assert book(client, photo=[file()]).status_code == 303
    assert 'name="photo"' not in page
    assert "multipart" not in page
    assert the_job(jobs).photos == ()


# --- large bodies of strangers -----------------------------------------------------------


def test_a_stranger_may_send_thirty_megabytes_here_and_nowhere_else(client: Client) -> None:
    assert book(client, photo=[file(LARGE)]).status_code == 303
    for address in (f"/track/{TOKEN}/cancel", f"/track/{TOKEN}/again", "/"):
        assert client.post(address, {"photo": file(LARGE)}).status_code == 413
    too_much = {"CONTENT_LENGTH": str(site.MOST_BODIES["/book/"] + 1)}
    page = client.generic("POST", "/book/", b"x", "multipart/form-data; boundary=x", **too_much)
    assert page.status_code == 413
    assert "At most 6 photos and 30 MB fit at once. Please go back" in words(page)


@pytest.mark.parametrize(
    "sent", [{"description": "x" * site.MOST_BODY}, {"photo": file(), "x": "x" * site.MOST_BODY}]
)
def test_but_of_text_no_more_than_anywhere(
    client: Client, jobs: JobRepository, sent: dict[str, Any]
) -> None:
    assert book(client, **sent).status_code == 413
    form = "application/x-www-form-urlencoded"
    assert client.generic("POST", "/book/", b"x" * (site.MOST_BODY + 1), form).status_code == 413
    assert jobs.read().jobs == ()


@pytest.mark.parametrize("limit", ["OF_A_SENDER", "OF_A_SENDER_AT_ONCE", "OF_ALL_AT_ONCE"])
def test_too_many_at_once_are_refused_before_they_are_read(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"qdn_site.middleware.{limit}.most", 0)
    page = book(client, photo=[file(LARGE)])
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    assert "Send it without photos, or in a few minutes." in words(page)
    assert jobs.read().jobs == ()
    assert book(client).status_code == 303


def test_one_after_another_are_not_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qdn_site.middleware.OF_A_SENDER_AT_ONCE.most", 1)
    monkeypatch.setattr("qdn_site.middleware.OF_ALL_AT_ONCE.most", 1)
    for _time in range(3):
        assert book(client, photo=[file(LARGE)]).status_code == 303


def test_where_no_photos_are_kept_nothing_large_is_read() -> None:
    assert "/book/" not in settings_for(**PRODUCTION)["MOST_BODIES"]
