"""A day in a canyon: the network is really taken away, and each tap is done once all the same."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import UNSET
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from dispatch.domain.job import Crew, Job
from dispatch.domain.status import Status
from tests.browser.conftest import CHROMIUM, QUIETLY
from tests.browser.site import Site, sign_in_as
from tests.faults.canyon import Canyon, every_answer_lost_once, losses
from tests.making import BUSINESS
from tests.photos.pictures import jpeg
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
        self.context.set_default_timeout(30_000)
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
        self.page.evaluate(
            """async (day) => {
                while (!await caches.match(day)) {
                    if (performance.now() > 30000) throw new Error("there is no copy");
                    await new Promise(requestAnimationFrame);
                }
            }""",
            DAY,
        )


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
    return [
        site.job(**{"window": window, "crew": Crew(driver=driver), "stop": number + 1, **fields})
        for number in range(count)
    ]


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


VISIT = ["on_my_way", "eta", "in_progress", "completed"]
OFFLINE = [(what, True) for what in VISIT]


def moves(site: Site, job: Job) -> list[str]:
    return [move.to for move in site.stored(job).moves if move.to]


def reception_again(phone: Phone) -> None:
    """Once what was tapped is a second old: before that it is as good as just now."""
    phone.page.evaluate("window.then = Date.now()")
    phone.page.wait_for_function("() => Date.now() - window.then > 1000")
    phone.canyon.mend()
    phone.page.evaluate("dispatchEvent(new Event('online'))")


def test_a_tap_with_reception_is_done_at_once(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    page = phone_at().sign_in()
    tap(page, job, "Start")
    is_at(page, job, "in_progress")
    all_is_sent(page)
    assert moves(site, job) == ["in_progress"]


def eight_stops(phone: Phone, jobs: list[Job]) -> Page:
    """Two of them with reception; of those without three after the app was closed and opened."""
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
    return page


def test_a_day_of_eight_stops_six_of_them_without_reception(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 8)
    phone = phone_at()
    page = eight_stops(phone, jobs)
    expect(page.locator(f"#job-{jobs[2].id} .state .said")).to_contain_text("Waiting: Start, ")
    assert all(moves(site, job) == [] for job in jobs[2:])
    reception_again(phone)
    all_is_sent(page)
    assert [[what for what, _ in visited(site, job)] for job in jobs] == [VISIT] * 8
    assert [visited(site, job) for job in jobs[2:]] == [OFFLINE] * 6
    arrived = [event.at for job in jobs for event in site.stored(job).history]
    assert arrived == sorted(arrived)


def test_after_a_finish_without_reception_the_day_goes_on(phone_at: PhoneAt, site: Site) -> None:
    first, second, third = stops(site, 3)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    for job, after in ((first, second), (second, third)):
        drive(page, job)
        on = page.locator(f"#job-{job.id} .bar .on a")
        expect(on).to_have_text(f"Next stop: {after.customer_name}")
        on.click()
        expect(page.locator(".stop.large")).to_have_attribute("data-id", after.id)
        folded = page.locator(f"#rest #job-{job.id} summary")
        expect(folded).to_have_attribute("data-waits", re.compile("Waiting: Finish, "))
    drive(page, third)
    expect(page.locator(".stop.large .bar .on a")).to_have_count(0)
    reception_again(phone)
    all_is_sent(page)
    is_at(page, third, "completed")
    assert [visited(site, job) for job in (first, second, third)] == [OFFLINE] * 3


def test_the_same_with_a_slow_and_lossy_way(phone_at: PhoneAt, site: Site) -> None:
    """200 ms more for each request, and one in ten lost, on the way there or back."""
    jobs = stops(site, 8)
    phone = phone_at(fate=losses(0.1, seed=12), seconds=0.2)
    page = eight_stops(phone, jobs)
    reception_again(phone)
    all_is_sent(page)
    assert [visited(site, job) for job in jobs[2:]] == [OFFLINE] * 6
    whats = [[what for what, _ in visited(site, job)] for job in jobs[:2]]
    assert whats == [VISIT] * 2
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


def test_a_new_copy_leaves_what_was_heard_since(phone_at: PhoneAt, site: Site) -> None:
    """A copy may have been on its way when an answer came."""
    (job,) = stops(site)
    page = phone_at().sign_in()
    tap(page, job, "Start")
    is_at(page, job, "in_progress")
    page.evaluate(
        """async () => {
            const [name] = await caches.keys();
            await (await caches.open(name)).put('/static/old.js', new Response(''));
            navigator.serviceWorker.controller.postMessage('keep');
            while (await caches.match('/static/old.js')) await new Promise(requestAnimationFrame);
        }"""
    )
    assert page.evaluate("async () => Boolean(await caches.match('/dashboard/day/heard'))")


def note_sheet(page: Page, job: Job) -> Locator:
    """Of the large stop."""
    page.locator(f"#job-{job.id}").get_by_role("button", name="More").click()
    page.locator(f"#more-{job.id}").get_by_role("button", name="Note…").click()
    return page.locator(f"#note-{job.id}")


def add_note(page: Page, job: Job, text: str) -> None:
    sheet = note_sheet(page, job)
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
    reception_again(phone)
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


def test_photos_wait_too_and_outlive_the_app(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    large = page.locator(".stop.large")
    large.get_by_role("button", name="Photos").click()
    chosen = large.locator("input[name=photo]")
    pictures = [jpeg(2000, 1500), jpeg(900, 1200)]
    chosen.set_input_files(
        [
            {"name": f"couch{n}.jpg", "mimeType": "image/jpeg", "buffer": picture}
            for n, picture in enumerate(pictures)
        ]
    )
    large.get_by_role("button", name="Send the photos").click()
    waits(page, "1 waiting")
    page = phone.reopen()
    page.goto(DAY)
    waits(page, "1 waiting")
    reception_again(phone)
    all_is_sent(page)
    assert [photo.kind for photo in site.stored(job).photos] == ["before", "before"]


# --- what needs the person ----------------------------------------------------------------


def waiting_list(page: Page) -> Locator:
    if not page.locator("#queue").evaluate("it => it.open"):
        page.locator("#reception .opens").click()
    return page.locator("#queue")


def drop(page: Page, name: str) -> None:
    row = waiting_list(page).locator(".tap", has_text=name).first
    row.get_by_role("button", name="Drop it").click()
    page.locator("#drop-tap").get_by_role("button", name="Drop it").click()
    expect(page.locator("#drop-tap")).to_be_hidden()


def test_two_conflicts_are_settled_one_on_top_and_one_dropped(
    phone_at: PhoneAt, site: Site
) -> None:
    ready, cancelled, other = stops(site, 3)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    drive(page, ready)
    tap(page, cancelled, "Start")
    tap(page, cancelled, "Finish")
    tap(page, other, "Start")
    waits(page, "6 waiting")
    site.move(ready, Status.READY_FOR_PICKUP)
    site.change(cancelled, status=Status.CANCELLED, finished_at=site.now())
    reception_again(phone)
    waits(page, "2 waiting · 2 need you")
    assert moves(site, other) == ["in_progress"]  # others go on
    assert moves(site, ready) == ["ready_for_pickup"]
    row = waiting_list(page).locator(".tap", has_text="You: Start").first
    expect(row.locator(".you")).to_contain_text("You: Start, ")
    expect(row.locator(".now")).to_contain_text("Now: Ready for Pickup; ")
    row.get_by_role("button", name="Send it on top").click()
    waits(page, "1 waiting · 1 needs you")
    drop(page, "You: Start")
    expect(page.locator("#queue .tap")).to_have_count(1)
    expect(page.locator("#queue .now")).to_have_text(
        "Now: Cancelled; What you tapped before it was dropped."
    )
    drop(page, "You: Finish")
    all_is_sent(page)
    assert moves(site, ready) == ["ready_for_pickup", "in_progress", "completed"]
    assert site.stored(cancelled).status is Status.CANCELLED
    assert moves(site, cancelled) == []


def test_what_was_typed_can_be_changed_and_keeps_its_place(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    add_note(page, job, "Gate 4711")
    all_is_sent(page)
    phone.canyon.refuse()
    add_note(page, job, "x" * 300)
    tap(page, job, "Start")
    refuse_next(page, "/notes", 422)
    reception_again(phone)
    waits(page, "1 waiting · 1 needs you")
    assert moves(site, job) == []
    waiting_list(page).get_by_role("button", name="Change it").click()
    sheet = page.locator(f"#note-{job.id}")
    expect(sheet.locator("textarea")).to_have_value("x" * 300)
    sheet.locator("textarea").fill("The dog is friendly")
    sheet.get_by_role("button", name="Add note").click()
    all_is_sent(page)
    texts = [note.text for note in site.stored(job).notes]
    assert texts == ["Gate 4711", "The dog is friendly"]
    assert moves(site, job) == ["in_progress"]


def test_what_was_dropped_after_all_gives_its_place_to_nothing(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    refuse_next(page, "/notes", 422)
    add_note(page, job, "Gate 4711")
    waits(page, "1 needs you")
    waiting_list(page).get_by_role("button", name="Change it").click()
    page.locator(f"#note-{job.id}").get_by_role("button", name="Close").click()
    drop(page, "Note")
    all_is_sent(page)
    phone.canyon.refuse()
    tap(page, job, "Start")
    add_note(page, job, "Gate 4712")
    waits(page, "2 waiting")
    expect(waiting_list(page).locator(".you")).to_contain_text(["Start", "Note"])


def test_a_price_that_was_refused_can_be_changed_with_all_its_lines(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    page = phone_at().sign_in()
    refuse_next(page, "/quote", 422)
    sheet = page.locator(f"#price-{job.id}")
    tap(page, job, "More")
    page.get_by_role("button", name="Change the price…").click()
    offer = sheet.locator(".offer")
    amounts = {"Price so far": "600", "Stairs": "50", "Piano": "70", "Help": "-20", "Tip": "5"}
    typed = [*amounts.items()]
    for place, (label, amount) in enumerate(typed):
        offer.get_by_label("What it is for").nth(place).fill(label)
        offer.get_by_label("Amount").nth(place).fill(amount)
    offer.get_by_label("Hot tub").fill("1")
    offer.get_by_role("button", name="Offer it").click()
    waits(page, "1 needs you")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    waiting_list(page).get_by_role("button", name="Change it").click()
    for place, line in enumerate(typed):
        fields = offer.locator(".line").nth(place).locator("input")
        assert tuple(field.input_value() for field in fields.all()) == line
    expect(offer.get_by_label("Hot tub")).to_have_value("1")
    expect(offer.get_by_role("status")).to_have_text("$1,055")
    offer.get_by_label("Amount").nth(1).fill("60")
    offer.get_by_role("button", name="Offer it").click()
    all_is_sent(page)
    quote = site.stored(job).quote
    assert quote
    assert quote.amount == 1065


def refuse_next(page: Page, path: str, status: int, times: int = 1, **headers: str) -> None:
    """The next answers to such a tap are made up; it never arrives."""
    body = '{"status": "booked", "version": 1, "said": "Not like this.", "may_insist": false}'
    kind = {"Content-Type": "application/json", **headers}
    page.route(
        f"**{path}",
        lambda route: route.fulfill(status=status, body=body, headers=kind),
        times=times,
    )


def test_a_note_to_a_job_that_is_no_more_theirs_can_still_be_read(
    phone_at: PhoneAt, site: Site
) -> None:
    lost, other = stops(site, 2)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    add_note(page, lost, "The gate code is 4711 now")
    site.assign(lost, "ana")
    reception_again(phone)
    waits(page, "1 needs you")
    page.reload()
    is_at(page, other, "booked")
    row = waiting_list(page).locator(".tap")
    expect(row.locator(".you")).to_contain_text("The gate code is 4711 now")
    expect(row.get_by_role("button", name="Change it")).to_be_hidden()
    drop(page, "You: Note")
    all_is_sent(page)


@pytest.mark.parametrize("how", ["given to Ana", "gone"])
def test_a_job_that_is_no_more_theirs_needs_them(phone_at: PhoneAt, site: Site, how: str) -> None:
    lost, other = stops(site, 2)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    tap(page, lost, "Start")
    tap(page, other, "Start")
    if how == "gone":
        site.back_to([other])
    else:
        site.assign(lost, "ana")
    reception_again(phone)
    waits(page, "1 needs you")
    row = waiting_list(page).locator(".tap")
    expect(row.locator(".now")).to_have_text(
        "Now: This job is not there any more, or it is another's now."
    )
    expect(row.get_by_role("button", name="Send it on top")).to_be_hidden()
    drop(page, "You: Start")
    all_is_sent(page)
    assert moves(site, other) == ["in_progress"]


def test_what_waits_is_taken_back_with_undo(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    tap(page, job, "Start")
    tap(page, job, "Finish")
    waits(page, "2 waiting")
    page.get_by_role("button", name="Undo").click()
    waits(page, "1 waiting")
    expect(page.get_by_role("button", name="Finish", exact=True)).to_be_enabled()
    reception_again(phone)
    is_at(page, job, "in_progress")
    assert moves(site, job) == ["in_progress"]


def test_what_could_not_be_done_leaves_one_green_button(phone_at: PhoneAt, site: Site) -> None:
    job, other = stops(site, 2)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    tap(page, job, "More")
    page.get_by_role("button", name="Could not do it…").click()
    sheet = page.locator(f"#could-not-{job.id}")
    sheet.get_by_text("No access").click()
    sheet.get_by_role("button", name="Give it back").click()
    waits(page, "1 waiting")
    green = page.locator(".stop.large .bar .primary")
    expect(green).to_have_text([f"Next stop: {other.customer_name}"])


def test_what_was_taken_back_can_be_tapped_again_at_once(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    tap(page, job, "Start")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#reception .opens")).to_be_hidden()
    tap(page, job, "Start")
    waits(page, "1 waiting")


# --- a server in trouble ------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_server_that_cannot_now_is_asked_again(
    phone_at: PhoneAt, site: Site, status: int
) -> None:
    (job,) = stops(site)
    page = phone_at().sign_in()
    refuse_next(page, "/move", status, **{"Retry-After": "1"})
    tap(page, job, "Start")
    expect(page.locator("#reception .said")).to_contain_text("The office does not answer properly")
    is_at(page, job, "in_progress")
    all_is_sent(page)


def test_a_server_that_breaks_each_time_needs_the_person(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    page = phone_at().sign_in()
    refuse_next(page, "/move", 500, times=3)
    tap(page, job, "Start")
    waits(page, "1 needs you")
    waiting_list(page).get_by_role("button", name="Send it on top").click()
    is_at(page, job, "in_progress")
    assert moves(site, job) == ["in_progress"]


def test_another_ones_page_is_no_answer(phone_at: PhoneAt, site: Site) -> None:
    """A hotel's, say, that wants its guests to sign in first."""
    (job,) = stops(site)
    page = phone_at().sign_in()
    page.route("**/move", lambda route: route.fulfill(status=200, body="<h1>Wifi</h1>"), times=1)
    tap(page, job, "Start")
    is_at(page, job, "in_progress")
    assert moves(site, job) == ["in_progress"]


def test_a_server_that_says_nothing_in_the_middle(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 2)
    phone = phone_at()
    page = phone.sign_in()
    drive(page, jobs[0])
    is_at(page, jobs[0], "completed")
    phone.canyon.hang()
    drive(page, jobs[1])
    waits(page, "3 waiting")
    reception_again(phone)
    is_at(page, jobs[1], "completed")
    assert moves(site, jobs[1]) == ["in_progress", "completed"]


def test_a_session_that_is_over_keeps_what_waits_and_forgets_the_day(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    tap(page, job, "Start")
    waits(page, "1 waiting")
    phone.context.clear_cookies()
    reception_again(phone)
    expect(page.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    assert not has_copy(page)
    assert moves(site, job) == []
    sign_in_as(page, "joel")
    is_at(page, job, "in_progress")
    assert moves(site, job) == ["in_progress"]


def has_copy(page: Page) -> bool:
    found: bool = page.evaluate(f"async () => Boolean(await caches.match('{DAY}'))")
    return found


def test_a_full_phone_is_said_at_once_and_nothing_is_lost(phone_at: PhoneAt, site: Site) -> None:
    (job,) = stops(site)
    page = phone_at().sign_in()
    page.evaluate(
        """() => {
            window.add = IDBObjectStore.prototype.add;
            const full = new DOMException("", "QuotaExceededError");
            IDBObjectStore.prototype.add = () => { throw full; };
        }"""
    )
    sheet = note_sheet(page, job)
    sheet.locator("textarea").fill("Gate 4711")
    sheet.get_by_role("button", name="Add note").click()
    expect(page.locator("#reception .said")).to_contain_text("this phone’s storage is full")
    expect(sheet.locator("textarea")).to_have_value("Gate 4711")
    page.evaluate("() => { IDBObjectStore.prototype.add = window.add; }")
    sheet.get_by_role("button", name="Add note").click()
    expect(sheet).to_be_hidden()
    all_is_sent(page)
    assert [note.text for note in site.stored(job).notes] == ["Gate 4711"]


def test_what_a_newer_page_has_left_waits_for_one(phone_at: PhoneAt, site: Site) -> None:
    jobs = stops(site, 2)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    for job in jobs:
        tap(page, job, "Start")
    waits(page, "2 waiting")
    page.evaluate(
        """() => new Promise((done) => {
            indexedDB.open("qdn").onsuccess = ({ target }) => {
                const taps = target.result.transaction("taps", "readwrite").objectStore("taps");
                taps.getAll().onsuccess = ({ target: { result: [first] } }) => {
                    taps.put({ ...first, v: 2 }).onsuccess = done;
                };
            };
        })"""
    )
    reception_again(phone)
    is_at(page, jobs[1], "in_progress")
    waits(page, "1 waiting")
    assert moves(site, jobs[0]) == []


# --- the copy of the day ------------------------------------------------------------------


def test_no_reception_looks_like_a_slow_one_and_shows_the_day_all_the_same(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.hang()
    page.goto(DAY)
    expect(page.locator(f"#job-{job.id}")).to_be_visible()
    expect(page.locator("#reception .said")).to_contain_text("this is your day as of")
    reception_again(phone)
    all_is_sent(page)


def test_other_pages_without_reception_lead_to_the_day_and_say_so(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    page.goto("/dashboard/history/")
    expect(page.locator(f"#job-{job.id}")).to_be_visible()
    expect(page.locator("#reception .said")).to_contain_text(
        "That page cannot be opened without reception."
    )


def test_signing_out_asks_first_and_the_next_member_sees_nothing_of_it(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    stops(site, driver="ana")
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    tap(page, job, "Start")
    waits(page, "1 waiting")
    site.move(job, Status.READY_FOR_PICKUP)
    reception_again(phone)
    waits(page, "1 needs you")
    ask = page.locator("#leaving")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(ask).to_contain_text("1 thing that you did is not sent yet.")
    ask.get_by_role("button", name="Stay signed in").click()
    expect(ask).to_be_hidden()
    waits(page, "1 needs you")
    page.get_by_role("button", name="Sign out", exact=True).click()
    ask.get_by_role("button", name="Sign out all the same").click()
    expect(page.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    assert not has_copy(page)
    phone.sign_in("ana")
    all_is_sent(page)
    assert job.customer_name not in page.content()
    phone.canyon.refuse()
    page.reload()
    expect(page.locator("#reception .said")).to_contain_text("No reception")
    assert job.customer_name not in page.content()
    phone.canyon.mend()
    page.goto(DAY)
    page.get_by_role("button", name="Sign out", exact=True).click()  # nothing of Ana's waits
    expect(page.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    phone.sign_in()
    waits(page, "1 needs you")
    assert moves(site, job) == ["ready_for_pickup"]


def test_a_tab_of_whoever_was_signed_in_before_shows_nothing_of_theirs(
    phone_at: PhoneAt, site: Site
) -> None:
    (job,) = stops(site)
    anas, phone = phone_at(), phone_at()
    anas.sign_in("ana")
    page = phone.sign_in()
    phone.context.clear_cookies()
    phone.context.add_cookies(anas.context.cookies())  # at once: no poll finds nobody signed in
    tap(page, job, "Start")
    expect(page.locator("#reception")).to_have_attribute("data-member", "ana")
    assert job.customer_name not in page.content()
    all_is_sent(page)
    assert moves(site, job) == []


def test_without_a_copy_a_page_of_ours_says_that_there_is_no_reception(
    phone_at: PhoneAt, site: Site
) -> None:
    stops(site)
    phone = phone_at()
    page = phone.sign_in()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Crew sign-in")).to_be_visible()
    phone.canyon.refuse()
    for address in (DAY, "/dashboard/"):
        page.goto(address)
        expect(page.get_by_role("heading", name="No reception")).to_be_visible()


def test_signing_out_without_reception_says_so_and_shows_the_day_no_more(
    phone_at: PhoneAt, site: Site
) -> None:
    stops(site)
    phone = phone_at()
    page = phone.sign_in()
    phone.canyon.refuse()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="No reception")).to_be_visible()
    assert not has_copy(page)
    phone.canyon.mend()
    page.goto(DAY)
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Crew sign-in")).to_be_visible()


def test_a_day_that_is_over_is_not_shown(phone_at: PhoneAt, site: Site) -> None:
    stops(site)
    phone = phone_at()
    page = phone.sign_in()
    page.evaluate(
        f"""async () => {{
            const [name] = await caches.keys(), cache = await caches.open(name);
            const kept = await cache.match("{DAY}"), headers = new Headers(kept.headers);
            headers.set("Qdn-Until", new Date(Date.now() - 1000).toISOString());
            await cache.put("{DAY}", new Response(await kept.text(), {{ headers }}));
        }}"""
    )
    phone.canyon.refuse()
    page.goto(DAY)
    expect(page.get_by_role("heading", name="No reception")).to_be_visible()
    assert not has_copy(page)
