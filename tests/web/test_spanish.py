"""Spanish and English: which one a page is in, how the choice is kept, and that nothing is left in
the other.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils.translation import override
from msgspec.structs import replace

from dispatch import jobs as actions
from dispatch import wiring
from dispatch.domain.job import Crew, Eta, Job, MessageIn, Window
from dispatch.domain.jobbook import JobBook
from dispatch.domain.outbox.message import Channel, Told
from dispatch.domain.status import Status
from dispatch.domain.visit.money import Payment, Quote
from dispatch.roster import change_member
from dispatch.stores.job_repository import JobRepository
from dispatch.templatetags import formats
from qdn_site.languages.middleware import preferred
from tests.making import BUSINESS, NOON, TOKEN, make_job
from tests.post.carriers import FakeCarrier
from tests.test_translations import catalogue
from tests.web.pages import sent_back, text, words
from tests.web.test_words import Words
from tracking.messages.compose import compose

PAGE = f"/track/{TOKEN}"
SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"}
MORNING = Window(date(2026, 5, 23), "morning", "08:00", "12:00")
WAS = Window(date(2026, 5, 22), "morning", "08:00", "12:00")
BOOKED = make_job(status="booked", window=MORNING, load="half", email="mark@example.com")
TO_BOOK = {
    "customer_name": "Ana",
    "phone": "619-555-0142",
    "location": "1 Elm St",
    "load": "half",
    "date": "2026-05-23",
    "window": "morning",
    "key": "k1",
}


def keep(jobs: JobRepository, job: Job) -> None:
    jobs.change(lambda book: JobBook(revision=book.revision).put(job))


def the_job(jobs: JobRepository) -> Job:
    (job,) = jobs.read().jobs
    return job


def language_of(page: Any) -> str:
    """As the page itself says; its header says the same."""
    said = text(page).partition('<html lang="')[2][:2]
    assert page.headers["Content-Language"] == said
    assert "Accept-Language" in page.headers["Vary"]
    return said


# --- which language ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("es", "es"),
        ("es-419,es;q=0.9", "es"),
        ("en-US,es;q=0.9", "en"),
        ("fr,es;q=0.4,en;q=0.3", "es"),
        ("es;q=0,en;q=0.1", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        ("x" * 600, "en"),
        ("es;q=nonsense", "en"),
    ],
)
def test_a_browsers_wish_is_followed_where_it_can_be(accepted: str, chosen: str) -> None:
    assert preferred(accepted, ("en", "es")) == chosen


@pytest.mark.parametrize("path", ["/", "/book/", "/privacy/", "/lost-link/", "/track/none", "/x/"])
def test_every_public_page_is_in_the_language_that_is_asked_for(client: Client, path: str) -> None:
    assert language_of(client.get(path)) == "en"
    assert language_of(client.get(path, headers=SPANISH)) == "es"
    assert language_of(client.get(f"{path}?language=es")) == "es"
    assert language_of(client.get(f"{path}?language=en", headers=SPANISH)) == "en"
    assert language_of(client.get(f"{path}?language=fr", headers=SPANISH)) == "es"


@pytest.mark.parametrize("path", ["/", "/book/", "/privacy/"])
def test_no_cache_on_the_way_keeps_it_for_others(client: Client, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "private, no-cache"


@override_settings(BUSINESSES=(replace(BUSINESS, languages=("en",)),))
def test_a_business_of_one_language_has_no_other(client: Client, jobs: JobRepository) -> None:
    keep(jobs, replace(BOOKED, language="es"))
    for path in ("/?language=es", PAGE):
        page = client.get(path, headers=SPANISH)
        assert language_of(page) == "en"
        assert "Español" not in words(page)


def test_the_api_speaks_english(client: Client, jobs: JobRepository) -> None:
    keep(jobs, replace(BOOKED, language="es"))
    sent = {"token": "none"}
    answer = client.post("/api/track?language=es", sent, "application/json", headers=SPANISH)
    assert answer.json()["detail"].startswith("Job not found")
    found = client.post("/api/track", {"token": TOKEN}, "application/json", headers=SPANISH)
    assert found.status_code == 200
    assert client.get("/", headers=SPANISH).headers["Content-Language"] == "es"


def test_what_all_see_alike_is_of_no_language(client: Client) -> None:
    icon = client.get("/brand.svg", headers=SPANISH)
    assert "Content-Language" not in icon.headers
    assert "Accept-Language" not in icon.headers.get("Vary", "")


# --- the switch --------------------------------------------------------------------------


def test_a_link_shows_the_page_in_the_other_language(client: Client) -> None:
    link = '<a href="?language=es" lang="es" hreflang="es" translate="no">Español</a>'
    assert link in text(client.get("/book/"))
    back = '<a href="?language=en" lang="en" hreflang="en" translate="no">English</a>'
    assert back in text(client.get("/book/?language=es"))
    assert not client.cookies


def test_it_keeps_what_else_the_address_says(client: Client, jobs: JobRepository) -> None:
    keep(jobs, BOOKED)
    page = text(client.get(f"{PAGE}?r=1&language=en&lost_photos=1"))
    assert 'href="?r=1&amp;language=es&amp;lost_photos=1"' in page


def test_links_keep_what_was_chosen_and_files_are_the_same_for_all(client: Client) -> None:
    page = text(client.get("/?language=es"))
    for path in ("/book/", "/privacy/", "/lost-link/", "/"):
        assert f'href="{path}?language=es"' in page
        assert f'href="{path}"' not in page
    assert "/static/site/style.css?" not in page
    assert "?language" not in text(client.get("/", headers=SPANISH)).replace("?language=en", "")


def test_an_answer_to_a_form_has_no_link_that_would_lose_it(client: Client) -> None:
    page = client.post("/book/?language=es", TO_BOOK | {"phone": "1"})
    assert (page.status_code, language_of(page)) == (422, "es")
    assert 'hreflang="' not in text(page)
    assert 'action="/book/?language=es"' in text(page)


def test_who_books_in_spanish_is_written_to_in_spanish(client: Client, jobs: JobRepository) -> None:
    form = sent_back(client.get("/book/?language=es"), "/book/?language=es")
    assert form["language"] == ["es"]
    answer = client.post("/book/?language=es", form | TO_BOOK)
    job = the_job(jobs)
    assert job.language == "es"
    token = job.tracking_token
    assert answer.headers["Location"].startswith(f"/track/{token}?r=")
    assert answer.headers["Location"].endswith("&language=es")
    assert language_of(client.get(f"/track/{token}")) == "es"


def test_a_form_is_answered_in_the_language_that_it_was_in(client: Client) -> None:
    """Filled in from a job in Spanish, in a browser that asks for English."""
    assert language_of(client.post("/book/", TO_BOOK | {"phone": "", "language": "es"})) == "es"


# --- the job's own -----------------------------------------------------------------------


def test_a_jobs_page_is_in_the_jobs_language(client: Client, jobs: JobRepository) -> None:
    keep(jobs, replace(BOOKED, language="es"))
    for path in ("", "/live", "/cancel", "/ready", "/reschedule", "/message", "/again"):
        assert client.get(PAGE + path).headers["Content-Language"] == "es", path
        shown = client.get(f"{PAGE}{path}?language=en", headers=SPANISH)
        assert shown.headers["Content-Language"] == "en", path


def test_to_look_in_another_language_keeps_nothing(client: Client, jobs: JobRepository) -> None:
    keep(jobs, BOOKED)
    before = jobs.read().revision
    for method in (client.get, client.head):
        method(f"{PAGE}?language=es")
        method(f"{PAGE}/language?language=es")
    assert jobs.read().revision == before
    assert language_of(client.get(PAGE)) == "en"


def test_a_button_keeps_it_with_the_job(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    carriers = {Channel.EMAIL: FakeCarrier()}
    monkeypatch.setattr(wiring, "carriers", lambda _business: carriers)
    keep(jobs, BOOKED)
    action = f"{PAGE}/language?language=es"
    assert f'action="{action}"' not in text(client.get(PAGE))
    page = client.get(f"{PAGE}?language=es")
    assert "Escríbanme en este idioma de ahora en adelante" in words(page)
    answer = client.post(action, sent_back(page, action))
    assert answer.status_code == 303
    job = the_job(jobs)
    assert (job.language, job.version) == ("es", BOOKED.version + 1)
    assert (job.history[-1].by, job.history[-1].changes) == ("customer", {"language": ("", "es")})
    assert not job.messages
    assert language_of(client.get(PAGE)) == "es"
    assert f'action="{action}"' not in text(client.get(f"{PAGE}?language=es"))
    again = client.post(action, {"language": "es"})
    assert (again.status_code, the_job(jobs).version) == (303, job.version)


@pytest.mark.parametrize("sent", [{}, {"language": ""}, {"language": "fr"}, {"language": "e\0s"}])
def test_a_language_that_we_do_not_speak_is_refused(
    client: Client, jobs: JobRepository, sent: dict[str, str]
) -> None:
    keep(jobs, replace(BOOKED, language="es"))
    answer = client.post(f"{PAGE}/language", sent)
    assert (answer.status_code, the_job(jobs).language) == (422, "es")


def test_messages_are_in_it(jobs: JobRepository, roster: Any) -> None:
    keep(jobs, BOOKED)
    job = actions.choose_language(BUSINESS, BOOKED.id, "es").job
    said = compose(BUSINESS, job, Told.CONFIRMED, Channel.SMS, since=NOON, at=NOON)
    assert "Responda STOP" in said.text


# --- a member's own ----------------------------------------------------------------------


def speak(username: str, language: str) -> None:
    change_member(BUSINESS, username, lambda member: replace(member, language=language))


def test_a_member_chooses_for_themselves(joel: Client) -> None:
    address = "/dashboard/account/"
    form = sent_back(joel.get(address), "")
    assert form["language"] == [""]
    assert joel.post(address, form | {"language": "es"}).status_code == 303
    page = joel.get(address)
    assert language_of(page) == "es"
    assert sent_back(page, "")["language"] == ["es"]
    assert language_of(joel.get("/dashboard/day/")) == "es"
    assert wiring.roster(BUSINESS).read().member("joel").language == "es"


def test_one_that_nobody_speaks_is_refused(joel: Client) -> None:
    form = sent_back(joel.get("/dashboard/account/"), "")
    assert joel.post("/dashboard/account/", form | {"language": "fr"}).status_code == 422


@override_settings(BUSINESSES=(replace(BUSINESS, languages=("en",)),))
def test_of_one_language_there_is_no_choice(joel: Client) -> None:
    assert 'name="language"' not in text(joel.get("/dashboard/account/"))


def test_a_members_choice_goes_before_the_browsers(joel: Client) -> None:
    speak("joel", "en")
    assert language_of(joel.get("/dashboard/day/", headers=SPANISH)) == "en"
    speak("joel", "")
    assert language_of(joel.get("/dashboard/day/", headers=SPANISH)) == "es"


def test_the_others_read_on_in_theirs(dana: Client, joel: Client, jobs: JobRepository) -> None:
    """What is kept of one page is never part of another's in another language."""
    keep(jobs, replace(BOOKED, crew=Crew("joel"), window=WAS))
    speak("joel", "es")
    for path in ("/dashboard/", "/dashboard/board", "/dashboard/day/", "/dashboard/day/"):
        spanish, english = joel.get(path), dana.get(path, {"driver": "joel"})
        assert spanish.headers["Content-Language"] == "es"
        assert english.headers["Content-Language"] == "en"
        assert "Reserva confirmada" in words(spanish) or "recogida" in text(spanish), path
        assert "recogida" not in text(english), path


def test_what_is_known_in_one_language_is_told_anew_in_another(
    dana: Client, jobs: JobRepository
) -> None:
    keep(jobs, replace(BOOKED, window=replace(WAS, date=date(2026, 8, 22))))
    for page in ("/dashboard/board", f"{PAGE}/live"):
        english = dana.get(page, headers={"Accept-Language": "en"})
        assert "Sat, Aug 22" in words(english) or "Saturday, August 22" in words(english)
        known = {"If-None-Match": english.headers["ETag"]}
        assert dana.get(page, headers=known).status_code == 304
        answer = dana.get(page, headers=known | SPANISH)
        assert answer.status_code == 200
        assert "sáb 22 ago" in words(answer) or "sábado 22 de agosto" in words(answer), page


def test_the_page_without_reception_is_in_it_too(joel: Client) -> None:
    assert r"html lang=\"en\"" in text(joel.get("/dashboard/sw.js"))
    speak("joel", "es")
    assert r"html lang=\"es\"" in text(joel.get("/dashboard/sw.js"))


# --- days and times ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("08:00", "12:00", "8 a.m.–12 p.m."),
        ("12:00", "16:00", "12–4 p.m."),
        ("08:30", "11:00", "8:30–11 a.m."),
    ],
)
def test_hours_are_told_as_they_are_said(start: str, end: str, said: str) -> None:
    with override("es"):
        window = replace(MORNING, start=start, end=end)
        assert formats.hours(window).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.usefixtures("clock")
def test_days_are_told_in_their_order() -> None:
    with override("es"):
        moment = datetime(2025, 12, 31, 23, 59, tzinfo=BUSINESS.zone)
        assert ">31 dic 2025, 11:59 p.m.<" in formats.moment(moment, BUSINESS)
        assert formats.day(date(2026, 8, 22), BUSINESS) == "sáb 22 ago"
        assert formats.long_day("2026-08-22", BUSINESS) == "sábado 22 de agosto"
        assert formats.money(Decimal("1200.50"), BUSINESS) == "$1,200.50"


def test_a_customer_reads_times_in_spanish(client: Client, jobs: JobRepository) -> None:
    eta = Eta(at=datetime(2026, 8, 23, 16, 0, tzinfo=UTC), said_at=NOON, by="dana")
    keep(jobs, replace(BOOKED, window=None, eta=eta, language="es"))
    assert "dom 23 ago, 9:00 a.m." in words(client.get(PAGE))


def test_the_businesss_own_texts_are_told_in_it_too(client: Client, jobs: JobRepository) -> None:
    keep(jobs, replace(BOOKED, language="es"))
    assert "sáb 23 may · Mañana, 8 a.m." in words(client.get(PAGE))
    assert "Carga Media carga" in words(client.get(PAGE))
    assert "Colchón" in words(client.get("/book/?language=es"))


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Mattress", "es", "Colchón"),
        ("2 × Mattress", "es", "2 × Colchón"),
        ("Mattress", "en", "Mattress"),
        ("Mattress", "", "Mattress"),
        ("Mattress", "label", "Mattress"),
        ("2 × Piano", "es", "2 × Piano"),
        ("", "es", ""),
    ],
)
def test_what_the_file_does_not_translate_is_as_it_is(text: str, language: str, said: str) -> None:
    assert BUSINESS.own(text, language) == said


# --- nothing is left in English ----------------------------------------------------------

SAME = {entry.words for entry in catalogue("es") if entry.words in entry.said.values()}
DATA = {
    *(BUSINESS.name, BUSINESS.email, "Español", "English", "Mark", "Soderblom Ave", "Jun →"),
    *("Joel", "Dana", "Ana", "Vic", "joel", "dana", "ana", "vic"),
    *("mark@example.com", "¿Y el piano?", "¿"),
}
QUOTE = Quote("q1", Decimal(700), (), NOON)
STATES: dict[str, dict[str, Any]] = {
    "requested": {"status": Status.PENDING},
    "confirmed": {},
    "ready": {"status": Status.READY_FOR_PICKUP},
    "today": {"window": WAS, "crew": Crew("joel")},
    "expected": {"window": WAS, "eta": Eta(at=NOON + timedelta(hours=1), said_at=NOON, by="dana")},
    "late": {"window": WAS, "eta": Eta(at=NOON - timedelta(hours=1), said_at=NOON, by="joel")},
    "in progress": {"status": Status.IN_PROGRESS, "window": WAS, "crew": Crew("joel")},
    "done": {"status": Status.COMPLETED, "window": WAS, "finished_at": NOON},
    "paid": {
        "status": Status.COMPLETED,
        "finished_at": NOON,
        "payments": (Payment(amount=Decimal(600), method="cash", at=NOON, by="joel", id="p1"),),
    },
    "cancelled": {"status": Status.CANCELLED, "finished_at": NOON},
    "a price": {"quote": QUOTE},
    "a message": {"messages_in": (MessageIn("m1", NOON, "¿Y el piano?"),)},
    "no time": {"window": None},
}


def read_out(page: Any) -> set[str]:
    """All that is shown or read out, in the pieces that it is written in."""
    reader = Words()
    reader.feed(text(page))
    reader.close()
    return {said for said in reader.found if len(said) > 1}


def left_in_english(ask: Client, path: str, post: dict[str, str] | None = None) -> set[str]:
    def read(language: str) -> set[str]:
        send = ask.get if post is None else ask.post
        answer = send(path, post, headers={"Accept-Language": language})
        assert answer.status_code < 500
        return set() if answer.status_code == 303 else read_out(answer)

    english, spanish = read("en"), read("es")
    assert english != spanish or not english
    return {said for said in english & spanish if said not in SAME | DATA and not _is_data(said)}


def _is_data(said: str) -> bool:
    """Names with numbers, figures, addresses, and names that the program has for things."""
    bare = said
    for known in sorted(DATA, key=len, reverse=True):
        bare = bare.replace(known, "")
    return not any(part.isalpha() and len(part) > 1 for part in bare.split()) or (
        "@" in said or re.fullmatch(r"[a-z_? ]*_[a-z_? ]*", said) is not None
    )


@pytest.mark.parametrize("path", ["/", "/book/", "/privacy/", "/lost-link/", "/track/none", "/x/"])
def test_no_english_is_left_on_a_public_page(client: Client, path: str) -> None:
    assert left_in_english(client, path) == set()


def test_nor_where_a_booking_is_refused(client: Client) -> None:
    empty = dict.fromkeys(TO_BOOK, "")
    assert left_in_english(client, "/book/", empty) == set()
    assert left_in_english(client, "/lost-link/", {"to": "?"}) == set()


@pytest.mark.parametrize("state", STATES)
def test_nor_on_a_customers_pages(
    client: Client, jobs: JobRepository, roster: Any, state: str
) -> None:
    keep(jobs, replace(BOOKED, **STATES[state]))
    for path in ("", "/cancel", "/ready", "/reschedule", "/message", "/receipt", "/again"):
        assert left_in_english(client, PAGE + path) == set(), path


@pytest.mark.parametrize("state", STATES)
def test_nor_in_the_drivers_day(joel: Client, jobs: JobRepository, state: str) -> None:
    keep(jobs, replace(BOOKED, **{"window": WAS, **STATES[state], "crew": Crew("joel")}))
    for path in ("day/", "", f"jobs/{BOOKED.id}", "account/"):
        assert left_in_english(joel, f"/dashboard/{path}") == set(), path


@pytest.mark.parametrize(
    "path",
    [
        *("requests/", "jobs/new", "history/", "numbers/", "crew/", "crew/joel/", "crew/new"),
        *("schedule/", "settings/", "import/", "jobs/jXkL9m2pQ", "", "account/", "logout/"),
    ],
)
def test_nor_at_the_office(dana: Client, joel: Client, jobs: JobRepository, path: str) -> None:
    keep(jobs, replace(BOOKED, crew=Crew("joel")))
    assert left_in_english(dana, f"/dashboard/{path}") == set()
