"""The files of photos, in a folder and in a bucket alike."""

from datetime import date
from itertools import count
from pathlib import Path

import pytest
from pytest_django import Settings

from dispatch import wiring
from dispatch.domain.stored.document import StoreUnavailable
from dispatch.domain.visit.photo import Kind, Photo
from dispatch.stores.photos.files import PhotoFiles, job_of, name
from dispatch.stores.photos.folder import WholeFilesStorage
from dispatch.stores.s3 import OneConnectionS3Storage
from tests.aws import aws_environment
from tests.making import BUSINESS, NOON
from tests.moto_server import make_bucket

DAY = date(2026, 5, 22)
PHOTO = Photo(id="one", kind=Kind.AFTER, at=NOON, by="joel")
_bucket = count(1)


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, settings: Settings) -> PhotoFiles:
    """As wiring makes them of the settings."""
    if request.param == "folder":
        request.getfixturevalue("media")
    else:
        moto, monkeypatch = (request.getfixturevalue(each) for each in ("moto", "monkeypatch"))
        for variable, value in aws_environment(moto).items():
            monkeypatch.setenv(variable, value)
        options = {
            "bucket_name": make_bucket(moto, f"photos-{next(_bucket)}"),
            "location": "of/jobs",
        }
        backend = "dispatch.stores.s3.OneConnectionS3Storage"
        settings.STORAGES = {
            **settings.STORAGES,
            "photos": {"BACKEND": backend, "OPTIONS": options},
        }
    made = wiring.photos(BUSINESS)
    assert made
    return made


def test_what_is_written_is_read_listed_and_removed(files: PhotoFiles) -> None:
    files.write("job1", PHOTO, b"picture")
    assert files.read("job1", PHOTO) == b"picture"
    assert files.days() == [DAY]
    assert files.names(DAY) == [name("job1", PHOTO)]
    assert files.read("job2", PHOTO) is None
    files.remove(DAY, files.names(DAY))
    assert files.read("job1", PHOTO) is None
    assert files.days() == []
    files.remove(DAY, [name("job1", PHOTO)])  # another process was faster


def test_written_again_it_is_the_same_file(files: PhotoFiles) -> None:
    files.write("job1", PHOTO, b"first")
    files.write("job1", PHOTO, b"second")
    assert files.read("job1", PHOTO) == b"second"
    assert len(files.names(DAY)) == 1


def test_before_the_first_there_are_none(files: PhotoFiles) -> None:
    assert files.days() == []
    assert files.names(DAY) == []
    assert files.read("job1", PHOTO) is None


def test_each_business_has_its_own(files: PhotoFiles) -> None:
    other = PhotoFiles(files._storage, "rival")
    files.write("job1", PHOTO, b"ours")
    assert other.read("job1", PHOTO) is None
    assert other.days() == []


@pytest.mark.parametrize(
    "job_id", ["jXkL9m2pQ", "a b", "..", "ärger", "x" * 64, "a.b", "名" * 20, "\ud800", "-_-"]
)
def test_the_name_of_a_file_says_whose_it_is(job_id: str) -> None:
    assert job_of(name(job_id, PHOTO)) == job_id


def test_the_name_of_a_file_is_never_too_long() -> None:
    longest = name("名" * 64, Photo(id="i" * 64, at=NOON))
    assert len(longest) < 200
    assert job_of(longest) is None  # it is only ever too old
    assert longest != name("名" * 63 + "x", Photo(id="i" * 64, at=NOON))


@pytest.mark.parametrize(
    "file", ["a.jpg", ".a.b.jpg.x1", "IMG 1.jpg", "a.b.png", "ä.b.jpg", "A.b.jpg"]
)
def test_of_other_files_nobody_knows_whose_they_are(file: str) -> None:
    assert job_of(file) is None


def test_a_bucket_that_is_not_there_is_out_of_reach(
    moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    for variable, value in aws_environment(moto).items():
        monkeypatch.setenv(variable, value)
    files = PhotoFiles(OneConnectionS3Storage(bucket_name="nowhere"), "x")
    for ask in (
        lambda: files.write("job1", PHOTO, b""),
        lambda: files.days(),
        lambda: files.names(DAY),
        lambda: files.remove(DAY, ["x"]),
    ):
        with pytest.raises(StoreUnavailable, match="Photos could not be"):
            ask()


def test_a_folder_that_is_not_mounted_is_out_of_reach(tmp_path: Path) -> None:

    storage = WholeFilesStorage(str(tmp_path / "media"), must_exist=True)
    files = PhotoFiles(storage, "quickdumpnow")
    with pytest.raises(StoreUnavailable, match="no such folder"):
        files.write("job1", PHOTO, b"picture")
    assert not (tmp_path / "media").exists()
    (tmp_path / "media").mkdir()
    files.write("job1", PHOTO, b"picture")
    assert files.read("job1", PHOTO) == b"picture"


def test_a_folder_that_cannot_be_written_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "quickdumpnow").write_text("a file where a folder should be")
    files = PhotoFiles(WholeFilesStorage(str(tmp_path), must_exist=True), "quickdumpnow")
    with pytest.raises(StoreUnavailable, match="Photos cannot be written"):
        files.write("job1", PHOTO, b"picture")
