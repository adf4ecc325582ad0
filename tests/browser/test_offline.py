"""A day in a canyon: the network is really taken away, and each tap is done once all the same."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import UNSET
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from dispatch.domain.job import Crew, Job
from dispatch.domain.status import Status
from tests.browser.conftest import CHROMIUM, QUIETLY
from tests.browser.site import Site, sign_in_as
from tests.faults.canyon import Canyon, Fate, every_answer_lost_once, losses
from tests.making import BUSINESS
from tests.serving import serving

pytestmark = pytest.mark.long
DAY = "/dashboard/day/"
NO_NETWORK = ("Failed to load resource", "net::ERR_")


class Phone:
    """A driver's own, with a way to the server that can be cut; it forgets nothing when closed."""

    def __init__(self, browser: Browser, canyon: Canyon, folder: Path) -> None:
        self.browser, self.canyon, self.folder = browser, canyon, folder
        self.complaints: list[str] = []
        self.context: BrowserContext
        self.open()

    def open(self) -> Page:
        """The app is started: one page, empty at first."""
        self.context = self.browser.browser_type.launch_persistent_context(
            self.folder,
            executable_path=CHROMIUM,
            args=QUIETLY,
            base_url=self.canyon.url,
            viewport={"width": 390, "height": 844},
            has_touch=True,
        )
        self.context.set_default_timeout(10_000)
        self.context.on("page", self._listen)
        (self.page,) = self.context.pages
        self._listen(self.page)
        return self.page

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(each in message.text for each in NO_NETWORK):
            self.complaints.append(message.text)

    def close(self) -> None:
        self.context.close()

    def reopen(self) -> Page:
        self.close()
        return self.open()

    def sign_in(self, who: str = "joel") -> Page:
        """Signed in at their day, of which the phone has a copy then."""
        self.page.goto(DAY)
        sign_in_as(self.page, who)
        self.page.wait_for_url("**/dashboard/day/")
        self.wait_for_copy()
        return self.page

    def wait_for_copy(self) -> None:
        self.page.wait_for_function(f"async () => Boolean(await caches.match('{DAY}'))")


PhoneAt = Callable[..., Phone]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as url:
        yield Site(url, tmp_path)


@pytest.fixture
def phone_at(browser: Browser, site: Site, tmp_path: Path) -> Iterator[PhoneAt]:
    """A phone whose way to the server is as the options of `Canyon` say."""
    phones: list[Phone] = []
    with ExitStack() as ways:

        def make(**options: object) -> Phone:
            canyon = Canyon(site.url, **options)  # type: ignore[arg-type]
            ways.callback(canyon.close)
            phones.append(Phone(browser, canyon, tmp_path / f"phone-{len(phones)}"))
            return phones[-1]

        yield make
        for phone in phones:
            phone.close()
    assert [phone.complaints for phone in phones] == [[] for _ in phones]


def stops(site: Site, count: int = 1, driver: str = "joel", **fields: object) -> list[Job]:
    """Booked for today, with a driver, in the order in which they are driven."""
    window = BUSINESS.windows[0].on(BUSINESS.today(site.now()))
    made = [
        site.job(
            **{"window": window, "crew": Crew(driver=driver), "stop": number + 1, **fields}
        )
        for number in range(count)
    ]
    site.let_know(made[-1])
    return made


def tap(page: Page, job: Job, name: str) -> None:
    """In the bar of the large stop; another one is opened first."""
    stop = page.locator(f"#job-{job.id}")
    if not stop.locator("details.about").evaluate("it => it.open"):
        stop.locator("summary").first.click()
        stop.locator(".take a").click()
    stop.get_by_role("button", name=name, exact=True).click()


def waits(page: Page, words: str) -> None:
    expect(page.locator("#reception .opens")).to_have_text(words)


def is_at(page: Page, job: Job, status: str) -> None:
    """As the server has said."""
    expect(page.locator(f"#job-{job.id}")).to_have_attribute("data-status", status)


def all_is_sent(page: Page) -> None:
    expect(page.locator("#reception .opens")).to_be_hidden()
    expect(page.locator("#reception .said")).to_have_text("All is sent.")


def drive(page: Page, job: Job) -> None:
    """The whole visit in three taps."""
    tap(page, job, "30 min")
    tap(page, job, "Start")
    tap(page, job, "Finish")


def visited(site: Site, job: Job) -> list[tuple[str, bool]]:
    """What happened there in its order, and whether it was tapped before it came."""
    events = site.stored(job).history
    return [(event.to or event.what, event.tapped_at is not UNSET) for event in events]


ONLINE = [(what, False) for what in ("on_my_way", "eta", "in_progress", "completed")]
OFFLINE = [(what, True) for what, _ in ONLINE]


def moves(site: Site, job: Job) -> list[str]:
    return [move.to for move in site.stored(job).moves if move.to]


def wait_a_second(page: Page) -> None:
    """Until what was tapped is a second old: before that it is as good as just now."""
    page.evaluate("window.then = Date.now()")
    page.wait_for_function("() => Date.now() - window.then > 1000")


def test_a_tap_with_reception_is_done_at_once(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    page = phone_at().sign_in()
    tap(page, job, "Start")
    is_at(page, job, "in_progress")
    all_is_sent(page)
    assert visited(site, job) == [("in_progress", False)]


def test_a_day_of_eight_stops_six_of_them_without_reception(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 8)
    phone = phone_at()
    page = phone.sign_in()
    for job in jobs[:2]:
        drive(page, job)
        is_at(page, job, "completed")
    phone.canyon.refuse()
    for job in jobs[2:5]:
        drive(page, job)
    waits(page, "9 waiting")
    page = phone.reopen()
    page.goto(DAY)
    expect(page.locator("#reception .said")).to_contain_text("No reception: this is your day as of")
    waits(page, "9 waiting")
    for job in jobs[5:]:
        drive(page, job)
    waits(page, "18 waiting")
    expect(page.locator(f"#job-{jobs[2].id} .state .said")).to_contain_text("Waiting: Start, ")
    assert all(moves(site, job) == [] for job in jobs[2:])
    wait_a_second(page)
    phone.canyon.mend()
    all_is_sent(page)
    assert [visited(site, job) for job in jobs] == [ONLINE] * 2 + [OFFLINE] * 6
    arrived = [event.at for job in jobs for event in site.stored(job).history]
    assert arrived == sorted(arrived)


def test_the_same_with_a_slow_and_lossy_way(phone_at: PhoneAt, site: Site) -> None:
    """200 ms more for each request, and one in ten lost, on the way there or back."""
    jobs = stops(site, 8)
    phone = phone_at(fate=losses(0.1, seed=12), seconds=0.2)
    page = phone.sign_in()
    for job in jobs[:2]:
        drive(page, job)
        is_at(page, job, "completed")
    phone.canyon.refuse()
    for job in jobs[2:5]:
        drive(page, job)
    page = phone.reopen()
    page.goto(DAY)
    for job in jobs[5:]:
        drive(page, job)
    waits(page, "18 waiting")
    wait_a_second(page)
    phone.canyon.mend()
    all_is_sent(page)
    assert [visited(site, job) for job in jobs[2:]] == [OFFLINE] * 6
    whats = [[what for what, _ in visited(site, job)] for job in jobs[:2]]
    assert whats == [[what for what, _ in ONLINE]] * 2
    assert {"unheard", "unanswered"} <= set(phone.canyon.taps)


def test_whichever_answer_is_cut_off_each_tap_is_done_once(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 2)
    phone = phone_at(fate=every_answer_lost_once)
    page = phone.sign_in()
    for job in jobs:
        drive(page, job)
        add_note(page, job, "Gate 4711")
    all_is_sent(page)
    for job in jobs:
        whats = [what for what, _ in visited(site, job)]
        assert whats == ["on_my_way", "eta", "in_progress", "completed"]
        assert [note.text for note in site.stored(job).notes] == ["Gate 4711"]
    assert phone.canyon.taps.count("unanswered") >= 8


def add_note(page: Page, job: Job, text: str) -> None:
    sheet = page.locator(f"#note-{job.id}")
    sheet.evaluate("it => it.showPopover()")
    sheet.locator("textarea").fill(text)
    sheet.get_by_role("button", name="Add note").click()
    expect(sheet).to_be_hidden()


def test_the_same_queue_in_two_tabs_is_sent_once(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 3)
    phone = phone_at()
    page = phone.sign_in()
    other = phone.context.new_page()
    other.goto(DAY)
    phone.canyon.refuse()
    drive(page, jobs[0])
    drive(other, jobs[1])
    drive(page, jobs[2])
    waits(page, "9 waiting")
    waits(other, "9 waiting")
    wait_a_second(page)
    phone.canyon.mend()
    all_is_sent(page)
    all_is_sent(other)
    assert [visited(site, job) for job in jobs] == [OFFLINE] * 3


def test_two_hundred_taps_after_a_day_without_reception(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 4)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    then = datetime.now(UTC) - timedelta(hours=20)
    page.clock.set_fixed_time(then)
    for number in range(50):
        for job in jobs:
            page.evaluate(
                """async ([id, text]) => {
                    const form = document.querySelector(`#note-${id} form`);
                    form.elements.text.value = text;
                    form.requestSubmit(form.querySelector("button"));
                    while (form.elements.text.value) await new Promise(requestAnimationFrame);
                }""",
                [job.id, f"Note {number}"],
            )
    waits(page, "200 waiting")
    page = phone.reopen()
    page.goto(DAY)
    waits(page, "200 waiting")
    phone.canyon.mend()
    expect(page.locator("#reception .opens")).to_be_hidden(timeout=120_000)
    for job in jobs:
        notes = site.stored(job).notes
        assert [note.text for note in notes] == [f"Note {number}" for number in range(50)]
        assert all(abs(note.at - then) < timedelta(minutes=1) for note in notes)
