"""The site that a browser looks at, and what is written into it behind the browser's back."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from msgspec.structs import replace
from playwright.sync_api import Locator, Page

from dispatch.domain.job import Crew, Job
from dispatch.domain.jobbook import JobBook
from dispatch.domain.moves import move
from dispatch.domain.status import Status
from dispatch.domain.visit.photo import Kind, Photo
from dispatch.stores.file import FileStore
from dispatch.stores.photos.files import PhotoFiles
from dispatch.stores.photos.folder import WholeFilesStorage
from tests.making import BUSINESS, DANA, JOEL, PASSWORD, make_job
from tests.opening import open_jobs
from tests.serving import another_caller

NUMBERS = count(1)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Site:
    """Its address, its folder, its clock, and who is signed in."""

    def __init__(self, url: str, folder: Path, now: Callable[[], datetime] = now) -> None:
        self.url = url
        self.folder = folder
        self.now = now
        self.sessions: dict[str, Any] = {}
        self._files = [folder / "data" / name for name in ("jobs.json", "crew.json")]
        self._jobs = open_jobs(FileStore(self._files[0]), now=now)
        self._ask("/readyz")

    def job(self, status: Status = Status.BOOKED, **fields: Any) -> Job:
        """A job with a name of its own, put there by another process."""
        (job,) = self.many_jobs(1, status=status, **fields)
        return job

    def many_jobs(self, count: int, **fields: Any) -> list[Job]:
        """So many of them, in one change."""
        jobs = [self._made(**fields) for _ in range(count)]
        self._write(lambda book: book.put(*jobs), jobs[-1])
        return jobs

    def _write(self, change: Callable[[JobBook], JobBook], job: Job) -> Job:
        """Another process changes that job, and the server has read it."""
        changed = self._jobs.change(change).job(job.id)
        self._ask(f"/track/{changed.tracking_token}?r={self.revision}")
        return changed

    def _ask(self, path: str) -> None:
        """Until the server knows: it has just begun, or its storage is just back."""
        request = Request(self.url + path, headers=another_caller())
        while True:
            try:
                return urlopen(request).close()
            except HTTPError as error:
                if error.code != 503:
                    return None
            time.sleep(0.2)

    def _made(self, **fields: Any) -> Job:
        job_id = f"job{next(NUMBERS):06}"
        return make_job(
            **{
                "id": job_id,
                "tracking_token": secrets.token_urlsafe(24),
                "customer_name": f"Mark {job_id}",
                "phone": "+16195550199",
                "created_at": self.now(),
                "updated_at": self.now(),
                "window": in_two_days(self.now()),
                **fields,
            }
        )

    def stored(self, job: Job) -> Job:
        """The job as the store has it now."""
        return self._jobs.refreshed().job(job.id)

    def photo(self, job: Job, body: bytes, kind: Kind) -> Job:
        """With one more, taken by Joel in another window."""
        storage = WholeFilesStorage(str(self.folder / "media"), must_exist=False)
        photo = Photo(id=f"photo{next(NUMBERS)}", kind=kind, at=self.now(), by="joel")
        PhotoFiles(storage, BUSINESS.slug).write(job.id, photo, body)
        return self.change(job, photos=(*job.photos, photo))

    def change(self, job: Job, **fields: Any) -> Job:
        """Another process changes it."""
        changed = replace(job, version=job.version + 1, updated_at=self.now(), **fields)
        return self._write(lambda book: book.put(changed), job)

    def move(self, job: Job, to: Status) -> None:
        """Joel moves it in another window."""
        at = self.now()
        self._write(
            lambda book: book.changed(
                move(book.job(job.id), to, by=JOEL, at=at, business=BUSINESS), at
            ),
            job,
        )

    def assign(self, job: Job, driver: str) -> None:
        """Joel gives it to them in another window."""
        at, crew = self.now(), Crew(driver=driver)
        self._write(
            lambda book: book.changed(book.job(job.id).assigned(crew, by=JOEL.name, at=at), at),
            job,
        )

    def look_at_requests(self) -> None:
        """Somebody of the crew has: so no customer has sent too many that wait."""

        def seen(book: JobBook) -> JobBook:
            waiting = book.untouched
            return book.put(*(job.noted("Seen.", by=DANA.name, at=self.now()) for job in waiting))

        self._jobs.change(lambda book: seen(book) if book.untouched else book)

    def back_to(self, jobs: list[Job]) -> None:
        """These jobs as they were, and no others, in a storage that is there."""
        self._mend()
        extra = {job.id for job in self.all_jobs()} - {job.id for job in jobs}
        self._jobs.change(lambda book: book.put(*jobs).without(extra))
        self._ask(f"/track/{'n' * 32}?r={self.revision}")  # nobody's, as it knows then

    def all_jobs(self) -> list[Job]:
        return list(self._jobs.refreshed().jobs)

    def cut_off(self) -> None:
        """From now on the storage is out of reach, until `back_to`."""
        for file in self._files:
            file.rename(_away(file))
            file.mkdir()

    def _mend(self) -> None:
        for file in self._files:
            if file.is_dir():
                file.rmdir()
                _away(file).rename(file)

    @property
    def revision(self) -> int:
        return self._jobs.refreshed().revision


def _away(file: Path) -> Path:
    return file.with_suffix(".away")


def in_two_days(at: datetime) -> Any:
    return BUSINESS.windows[0].on(BUSINESS.today(at) + timedelta(days=2))


def card(page: Page, job: Job, status: Status | None = None) -> Locator:
    """The job's card, wherever on the board it is; with `status`, in that column alone."""
    column = f'.column[data-status="{status}"] ' if status else "#board "
    return page.locator(f"{column}#job-{job.id}")


def pick(page: Page, job: Job) -> Locator:
    """The driver on the job's card, which unfolds who else is free."""
    return card(page, job).locator(".pick summary")


def column(page: Page, status: Status) -> Locator:
    return page.locator(f'.column[data-status="{status}"]')


def open_drawer(page: Page, job: Job) -> Locator:
    page.wait_for_load_state()  # before its scripts have run the link leads to another page
    card(page, job).get_by_role("link", name="Drawer").click()
    return page.locator("#drawer .drawer")


def sign_in_as(page: Page, who: str) -> None:
    page.get_by_label("Name").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def book(page: Page, name: str) -> str:
    """Fill in the booking form as Mark does; the address of the tracking page."""
    page.goto("/book/")
    fill_booking(page, name)
    page.get_by_role("button", name="Request this pickup").click()
    page.wait_for_url("**/track/*")
    return page.url.partition("?")[0]


def fill_booking(page: Page, name: str) -> None:
    page.get_by_label("Full load").check()
    day = 3 + sum(map(ord, name)) % 15  # each name's own: no day is to fill up
    choose_day(page, day)
    time_of_day(page, "morning").check()
    page.get_by_label("Address").fill("9230 Soderblom Ave")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Phone").fill("(619) 555-0142")


def choose_day(page: Page, index: int) -> Locator:
    """The chip of that day among those offered, soonest first; the later ones are folded."""
    day = page.locator("[name=date]").nth(index)
    if not day.is_visible():
        page.locator(".days-offered summary").click()
    day.check()
    return day


def time_of_day(page: Page, name: str) -> Locator:
    return page.locator(f"[name=window][value={name}]")
