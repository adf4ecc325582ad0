"""Photos of a job: what is added, who sees which, and what is refused and why."""

import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from msgspec.structs import replace

from dispatch.domain.job import Crew, Job
from dispatch.domain.status import Status
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.photo import MOST_PHOTOS, Kind, Photo
from dispatch.jobs import photos
from dispatch.stores.photos.files import PhotoFiles
from tests.conftest import at_work
from tests.making import BUSINESS, JOEL, NOON, TOKEN, FakeClock, make_job, unavailable
from tests.photos.pictures import exif, jpeg, opened, scene, written
from tests.stores.troubled import InMemory
from tests.web.api import Program
from tests.web.pages import text, words

ID = "jXkL9m2pQ"
DRAWER, PAGE = f"/dashboard/jobs/{ID}", f"/track/{TOKEN}"
FETCH = {"X-Requested-With": "fetch"}
JSON = {**FETCH, "Accept": "application/json"}
pytestmark = pytest.mark.usefixtures("media")


@pytest.fixture(autouse=True)
def mark(jobs: InMemory) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED, crew=Crew(driver="joel"))))


def file(data: bytes | None = None, name: str = "IMG_1.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if data is None else data, "image/jpeg")


def send(client: Client, *files: SimpleUploadedFile, kind: str = "before", **more: Any) -> Any:
    headers = more.pop("headers", {})
    return client.post(f"{DRAWER}/photos", {"photo": files, "kind": kind, **more}, headers=headers)


def the_job(jobs: InMemory) -> Job:
    return jobs.refreshed().job(ID)


def kept(media: Path) -> list[Path]:
    return sorted(path for path in media.rglob("*") if path.is_file())


def colours(*numbers: int) -> list[SimpleUploadedFile]:
    """So many different pictures."""
    return [file(jpeg(40 + number, 30), f"IMG_{number}.jpg") for number in numbers]


def test_what_a_driver_took_is_kept_made_small_and_told(
    joel: Client, jobs: InMemory, media: Path
) -> None:
    sent = file(written(scene(4000, 3000), exif=exif(6)))
    answer = send(joel, sent, *colours(1, 2))
    assert (answer.status_code, answer.headers["Location"]) == (303, DRAWER)
    job = the_job(jobs)
    assert [(photo.kind, photo.by, photo.at) for photo in job.photos] == [
        (Kind.BEFORE, "joel", NOON)
    ] * 3
    (event,) = job.history
    assert (event.what, event.count, event.reason) == ("photos", 3, "before")
    page = joel.get(DRAWER)
    assert "3 photos added: Before" in words(page)
    assert "Photos (3)" in words(page)
    shown = joel.get(f"{DRAWER}/photos/{job.photos[0].id}")
    assert opened(shown.content).size == (1200, 1600)
    assert not opened(shown.content).getexif()
    assert len(kept(media)) == 3
    assert kept(media)[0].stat().st_mode & 0o777 == 0o600


def test_a_photo_is_shown_and_kept_nowhere(joel: Client, jobs: InMemory) -> None:
    send(joel, file(), kind="after")
    (photo,) = the_job(jobs).photos
    for client, path in ((joel, DRAWER), (Client(), PAGE)):
        address = f"{path}/photos/{photo.id}"
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "inline"
        assert "Content-Encoding" not in answer.headers
        head = client.head(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(answer.content))


def test_a_script_is_told_in_json(joel: Client, jobs: InMemory) -> None:
    answer = send(joel, file(), headers=JSON, ago_s="600")
    assert answer.json() == {
        "status": "booked",
        "version": 2,
        "said": "1 photo added: Before.",
        "may_insist": False,
    }
    job = the_job(jobs)
    assert job.photos[0].at == NOON - timedelta(minutes=10)
    assert job.history[-1].moment == NOON - timedelta(minutes=10)
    refused = send(joel, file(b"GIF89a"), headers=JSON)
    assert refused.status_code == 422
    assert refused.json()["said"].startswith("IMG_1.jpg: that is no JPEG or PNG picture")


def test_the_days_queue_is_asked_about_a_file_that_was_left_out(
    joel: Client, jobs: InMemory
) -> None:
    """The others are added all the same; sent on top, under its key, it is done."""
    asked = send(joel, file(), file(b"GIF89a", "broken.jpg"), key="k1", headers=JSON)
    assert asked.status_code == 422
    said = asked.json()["said"]
    assert said.startswith("1 photo added: Before. broken.jpg: that is no JPEG or PNG picture")
    assert asked.json()["version"] == 2
    on_top = {"key": "k1", "insist": "1", "headers": JSON}
    again = send(joel, file(), file(b"GIF89a", "broken.jpg"), **on_top)
    assert again.status_code == 200
    assert len(the_job(jobs).photos) == 1


def test_what_a_driver_sends_again_is_added_once(
    joel: Client, jobs: InMemory, media: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(joel, *colours(1, 2), key="k1")
    monkeypatch.setattr(photos, "small", lambda _: pytest.fail("it was decoded again"))
    clock.tick(3600)
    answer = send(joel, *colours(1, 2), key="k1", headers=JSON)
    assert answer.json()["said"] == "2 photos added: Before."
    assert len(the_job(jobs).photos) == len(kept(media)) == 2


def test_other_photos_under_the_same_key_are_others(joel: Client, jobs: InMemory) -> None:
    send(joel, *colours(1), key="k1")
    send(joel, *colours(2), key="k1")
    send(joel, *colours(2), kind="after", key="k1")
    assert len(the_job(jobs).photos) == 3


def test_the_same_picture_chosen_twice_is_one(joel: Client, jobs: InMemory) -> None:
    send(joel, *colours(1, 1))
    assert len(the_job(jobs).photos) == 1


def test_of_a_lost_answer_the_same_file_is_written_again(
    joel: Client, jobs: InMemory, media: Path
) -> None:
    """Killed between the file and the record, nothing names it; sent again, it is the same."""
    with unavailable(jobs):
        jobs.read()
        assert send(joel, *colours(1), key="k1").status_code == 503
    assert the_job(jobs).photos == ()
    before = kept(media)
    send(joel, *colours(1), key="k1")
    assert kept(media) == before
    assert len(the_job(jobs).photos) == len(before) == 1


def add_one(number: int) -> None:
    photos.take(BUSINESS, ID, colours(number), Kind.AFTER, by=JOEL, key=f"k{number}")


def test_several_at_once_lose_nothing(jobs: InMemory, media: Path, roster: InMemory) -> None:
    threads = [threading.Thread(target=add_one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(the_job(jobs).photos) == len(kept(media)) == 4


def test_one_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch, jobs: InMemory) -> None:
    decoding, two_at_once = threading.Semaphore(1), threading.Event()

    def small(data: bytes) -> bytes:
        if not decoding.acquire(blocking=False):
            two_at_once.set()
        two_at_once.wait(0.03)  # seconds in which another would come
        decoding.release()
        return data

    monkeypatch.setattr(photos, "small", small)
    threads = [threading.Thread(target=add_one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not two_at_once.is_set()
    assert len(the_job(jobs).photos) == 3


# --- what is refused ---------------------------------------------------------------------


def test_what_is_no_picture_does_not_keep_the_others_away(joel: Client, jobs: InMemory) -> None:
    """They are nowhere but on the driver's phone."""
    answer = send(joel, *colours(1), file(b"<svg/>", "x.svg"), *colours(2), headers=FETCH)
    assert answer.status_code == 200
    assert (
        "2 photos added: Before. x.svg: that is no JPEG or PNG picture, or a damaged one."
        in words(answer)
    )
    assert len(the_job(jobs).photos) == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "IMG_1.jpg: that is no JPEG or PNG picture, or a damaged one."),
        (b"<!doctype html>", "IMG_1.jpg: that is no JPEG or PNG picture, or a damaged one."),
        (jpeg()[:900], "IMG_1.jpg: that is no JPEG or PNG picture, or a damaged one."),
        (written(scene(5000, 4000), "PNG"), "IMG_1.jpg has too many pixels: send it in a"),
    ],
)
def test_what_is_no_picture_is_refused_and_named(
    joel: Client, jobs: InMemory, media: Path, data: bytes, why: str
) -> None:
    for headers in ({}, FETCH):
        answer = send(joel, file(data), headers=headers)
        assert answer.status_code == 422
        assert why in words(answer)
    assert the_job(jobs).version == 1
    assert kept(media) == []


def test_no_file_and_no_kind_are_asked_for(joel: Client) -> None:
    assert "Choose a photo first." in words(send(joel))
    for kind in ("", "request", "selfie"):
        answer = send(joel, file(), kind=kind)
        assert answer.status_code == 422
        assert "Say what the photos show" in words(answer)


def test_a_job_has_twenty_and_says_how_many_more_fit(
    joel: Client, jobs: InMemory, media: Path
) -> None:
    old = tuple(Photo(id=f"p{number}", at=NOON) for number in range(MOST_PHOTOS - 1))
    jobs.change(lambda book: book.put(replace(book.job(ID), photos=old)))
    answer = send(joel, *colours(1, 2))
    assert answer.status_code == 422
    assert "A job has at most 20 photos: room is left for 1." in words(answer)
    assert kept(media) == []
    assert send(joel, *colours(1)).status_code == 303
    page = joel.get(DRAWER)
    assert "room is left for 0" in words(send(joel, *colours(3)))
    assert "Take or choose photos" not in words(page)


def test_twelve_megabytes_a_photo(joel: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MOST_BYTES", 5_000)
    answer = send(joel, file(jpeg() + bytes(5_000), "long.jpg"))
    assert "long.jpg has more than 12 MB." in words(answer)


def test_a_name_does_nothing_to_the_page(joel: Client) -> None:
    name = "<script>‮gpj.exe" + "x" * 200
    page = text(send(joel, file(b"x", name)))
    assert "<script>‮" not in page
    assert "‮" not in page
    assert "x" * 61 not in page


def test_thirty_megabytes_a_request_and_members_alone(joel: Client, client: Client) -> None:
    limit = site.MOST_BODIES[site.PHOTOS_PATH]
    large = file(bytes(site.MOST_BODY))
    assert send(joel, large).status_code == 422  # it was read, and is no picture
    for path in (f"{DRAWER}/notes", f"{DRAWER}/photos/x", "/dashboard/jobs/a/b/photos"):
        assert joel.post(path, {"photo": file(bytes(site.MOST_BODY))}).status_code == 413
    assert send(client, file(bytes(site.MOST_BODY))).status_code == 413
    assert send(client, file(bytes(site.MOST_BODY)), headers=JSON).status_code == 401
    too_much = {"CONTENT_LENGTH": str(limit + 1)}
    kind = "multipart/form-data; boundary=x"
    answer = joel.generic("POST", f"{DRAWER}/photos", b"x", kind, **too_much)
    assert answer.status_code == 413
    assert "At most 30 MB fit at once" in words(answer)
    told = joel.generic("POST", f"{DRAWER}/photos", b"x", kind, headers=JSON, **too_much)
    assert told.status_code == 413
    assert told.json()["said"].startswith("No photo was added.")


def test_what_holds_no_file_is_not_read_into_memory(joel: Client) -> None:
    body = b"x" * (site.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    form = "application/x-www-form-urlencoded"
    assert joel.generic("POST", f"{DRAWER}/photos", body, form).status_code == 413


def test_half_a_form_adds_nothing(joel: Client, jobs: InMemory) -> None:
    """A connection that broke: what came would be taken for the whole."""
    form = {"photo": [file(), file(bytes(site.MOST_BODY), "b.jpg")], "kind": "before"}
    body = encode_multipart(BOUNDARY, form)
    path, length = f"{DRAWER}/photos", str(len(body))

    def posted(came: bytes) -> Any:
        meta: dict[str, Any] = {"CONTENT_LENGTH": length, "CONTENT_TYPE": MULTIPART_CONTENT}
        return joel.generic("POST", path, **meta, **{"wsgi.input": BytesIO(came)})

    assert posted(body[:-100]).status_code == 400
    assert the_job(jobs).version == 1
    answer = posted(body)
    assert answer.status_code == 303, words(answer)
    assert len(the_job(jobs).photos) == 1


def test_where_none_are_kept_none_are_asked_for(joel: Client, jobs: InMemory) -> None:
    send(joel, file())
    (photo,) = the_job(jobs).photos
    with override_settings(PHOTOS_URL=""):
        page = joel.get(DRAWER)
        assert 'type="file"' not in text(page)
        assert f"photos/{photo.id}" not in text(page)
        assert joel.get(f"{DRAWER}/photos/{photo.id}").status_code == 404
        assert "photos/" not in text(joel.get(PAGE))
        answer = send(joel, file())
        assert (answer.status_code, "No photos are kept here." in words(answer)) == (422, True)


def test_a_storage_out_of_reach_is_said(
    joel: Client, jobs: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(joel, file())
    (photo,) = the_job(jobs).photos

    def gone(*_: object) -> bytes:
        raise StoreUnavailable("The cable was pulled.")

    monkeypatch.setattr(PhotoFiles, "write", gone)
    monkeypatch.setattr(PhotoFiles, "read", gone)
    assert send(joel, *colours(1)).status_code == 503
    assert joel.get(f"{DRAWER}/photos/{photo.id}").status_code == 503
    assert joel.get(DRAWER).status_code == 200
    assert len(the_job(jobs).photos) == 1


# --- who sees which ----------------------------------------------------------------------


@pytest.fixture
def three(joel: Client, jobs: InMemory) -> dict[Kind, str]:
    for number, kind in enumerate(("before", "after", "problem")):
        send(joel, *colours(number), kind=kind)
    return {photo.kind: photo.id for photo in the_job(jobs).photos}


def test_the_customer_sees_before_and_after_and_never_a_problem(three: dict[Kind, str]) -> None:
    client = Client()
    for path in (PAGE, f"{PAGE}/live"):
        page = text(client.get(path))
        assert f"{PAGE}/photos/{three[Kind.BEFORE]}" in page
        assert f"{PAGE}/photos/{three[Kind.AFTER]}" in page
        assert three[Kind.PROBLEM] not in page
        assert 'alt="After, photo 2 of 2"' in page
    statuses = {
        kind: client.get(f"{PAGE}/photos/{name}").status_code for kind, name in three.items()
    }
    assert statuses == {Kind.BEFORE: 200, Kind.AFTER: 200, Kind.PROBLEM: 404}
    told = Program("").post("track", {"token": TOKEN}).json()
    assert told["photos"] == [
        {"id": three[Kind.BEFORE], "kind": "before"},
        {"id": three[Kind.AFTER], "kind": "after"},
    ]


def test_an_unknown_photo_and_an_unknown_link_look_alike(three: dict[Kind, str]) -> None:
    photo = three[Kind.AFTER]
    answers = [
        Client().get(path)
        for path in (
            f"{PAGE}/photos/{three[Kind.PROBLEM]}",
            f"{PAGE}/photos/unknown",
            f"{PAGE}/photos/..%2F..%2Fx",
            f"/track/{'y' * 32}/photos/{photo}",
            f"{PAGE[:-1]}/photos/{photo}",
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({words(answer) for answer in answers}) == 1


def test_another_customers_link_opens_no_photo_of_this_job(
    three: dict[Kind, str], jobs: InMemory
) -> None:
    other = "z" * 32
    jobs.change(lambda book: book.put(make_job(id="other", tracking_token=other)))
    assert Client().get(f"/track/{other}/photos/{three[Kind.AFTER]}").status_code == 404


def test_who_of_the_crew_does_not_see_the_job_sees_no_photo(
    three: dict[Kind, str], dana: Client, vic: Client, jobs: InMemory
) -> None:
    address = f"{DRAWER}/photos/{three[Kind.PROBLEM]}"
    assert dana.get(address).status_code == vic.get(address).status_code == 200
    assert at_work("ana").get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert "Take or choose photos" not in words(vic.get(DRAWER))


def test_a_revoked_link_shows_no_photo(three: dict[Kind, str], dana: Client) -> None:
    dana.post(f"{DRAWER}/link", {"revoke": "1"})
    assert Client().get(f"{PAGE}/photos/{three[Kind.AFTER]}").status_code == 404


def test_an_id_of_an_old_file_leads_nowhere(joel: Client, jobs: InMemory, media: Path) -> None:
    media.mkdir()
    (media / "secret.jpg").write_bytes(b"secret")
    odd = tuple(
        Photo(id=name, at=NOON)
        for name in ("../../secret", "a/b", "x\0y", ".", "", "a.jpg")
        if name
    )
    jobs.change(lambda book: book.put(replace(book.job(ID), photos=odd)))
    assert joel.get(DRAWER).status_code == 200
    for photo in odd:
        assert joel.get(f"{DRAWER}/photos/{quote(photo.id, safe='')}").status_code == 404


def test_programs_read_them_as_part_of_the_job(three: dict[Kind, str]) -> None:
    job = Program("dana").get(f"jobs/{ID}").json()
    assert [photo["kind"] for photo in job["photos"]] == ["before", "after", "problem"]
    assert job["history"][-1]["what"] == "photos"
