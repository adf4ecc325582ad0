"""Every error says what happened and what to do; never a 500."""

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from dispatch.accounts import KEPT
from dispatch.domain.status import Status
from dispatch.jobs import SILENT
from dispatch.jobs.reading import UNSURE
from dispatch.stores.job_repository import JobRepository
from dispatch.stores.repository import RosterRepository
from qdn_site import errors
from tests.making import TOKEN, FakeClock, make_job, unavailable
from tests.stores.troubled import InMemory, elsewhere, gone
from tests.web.pages import text, words

PAGE = f"/track/{TOKEN}"
DRAWER = "/dashboard/jobs/jXkL9m2pQ"
NEW = "n" * 32
ACTIONS = ["move", "assign", "notes", "eta", "edit", "link"]


@pytest.fixture(autouse=True)
def mark(jobs: JobRepository) -> None:
    jobs.change(lambda book: book.put(make_job()))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dashboard/", "The storage is out of reach. This is how it was at May 22, 1:00 PM"),
        (PAGE, "We cannot reach our records right now. This is how it was at May 22, 1:00 PM"),
    ],
)
def test_a_page_without_storage_says_when_that_last_answered_not_when_anything_last_changed(
    path: str, said: str, dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    clock.tick(3600)
    assert "This is how it was" not in words(dana.get(path))
    with unavailable(jobs):
        for _ in range(3):
            clock.tick(50)
            page = words(dana.get(path))
            assert said in page


ODD = [
    *("%00", "%FF", "%C0%80", "%ED%A0%80", "%F0%9F%9A%9B", "..", ".", "%2e%2e", "%0A", "%25", "{}"),
    "x" * 3000,
]


@pytest.mark.parametrize(
    "path", ["/{}", "/track/{}", "/track/{}/live", "/dashboard/{}", "/dashboard/jobs/{}"]
)
def test_an_odd_address_is_404_for_everybody(dana: Client, path: str) -> None:
    for odd in ODD:
        for client in (Client(), dana):
            status = client.get(path.replace("{}", odd)).status_code
            assert status in (404, 302, 301, 200), odd
        assert dana.get(path.replace("{}", odd) + "-no-such").status_code == 404, odd


@pytest.mark.parametrize("action", ACTIONS)
def test_an_odd_job_is_404_for_every_action(dana: Client, action: str) -> None:
    fields = {"status": "booked", "text": "x", "eta": "12:00"}
    for odd in ODD:
        answer = dana.post(f"/dashboard/jobs/{odd}-no-such/{action}", fields)
        assert answer.status_code == 404, odd
        assert "There is no such job" in words(answer)


@pytest.mark.long
@pytest.mark.parametrize("path", ["/", "/book/", PAGE, f"{PAGE}/live", "/dashboard/", DRAWER])
def test_an_odd_query_harms_nothing(dana: Client, path: str) -> None:
    for odd in (*ODD, "a=b;c", "&&&=", "%"):
        query = f"?{odd}={odd}&q={odd}&crew={odd}&date={odd}&r={odd}&expected={odd}&next={odd}"
        assert dana.get(path + query).status_code == 200, odd


ODD_BODIES = [
    *(b"", b"\x00", b"\xff\xfe=\xff", b"&&&", b'{"status": "booked"}'),
    b"status=%FF&reason=%00&text=%ED%A0%80&version=%FF&eta=%00&driver=%FF&location=%00",
    b"status=booked&status=lost&version=1&version=x",
    b"version=" + b"9" * 5000,
    b"price=" + b"9" * 5000,
    b"price=1e999999999&version=-1",
    b"date=99999-99-99&window=x",
    b"eta=" + b"9" * 500,
    b"driver=" + b"x" * 500,
]


@pytest.mark.long
@pytest.mark.parametrize(
    "path",
    [
        *("/book/", f"{PAGE}/ready", f"{PAGE}/cancel", f"{PAGE}/undo", "/dashboard/login/"),
        *("/dashboard/jobs/new", "/dashboard/account/", *(f"{DRAWER}/{name}" for name in ACTIONS)),
    ],
)
def test_an_odd_body_is_never_a_500(dana: Client, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    # Of what is no form Django reads nothing: one such body stands for all.
    others = [(b'{"status": "booked"}', kind) for kind in ("application/json", "text/plain")]
    for body, kind in (*((body, form) for body in ODD_BODIES), *others):
        answer = dana.post(path, body, content_type=kind)
        assert answer.status_code in (200, 302, 303, 400, 404, 409, 422), (body, kind)


@pytest.mark.parametrize(
    "kind",
    [
        *("multipart/form-data", "multipart/form-data; boundary=", "", ";;;", "\xff"),
        *("multipart/form-data; boundary=\xff", "multipart/form-data; boundary=x"),
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=nonsense",
    ],
)
def test_an_odd_kind_of_body_is_never_a_500(dana: Client, kind: str) -> None:
    for path in ("/book/", f"{PAGE}/cancel", f"{DRAWER}/notes"):
        body = b"--x\r\nContent-Disposition: form-data\r\n\r\n"
        answer = dana.generic("POST", path, body, content_type=kind)
        assert answer.status_code in (303, 400, 422), path


CODECS = [
    *("rot13", "hex", "zlib", "bz2", "uu", "base64", "quopri", "idna", "punycode", "undefined"),
    *("utf-7", "utf-16", "utf-32", "cp037", "unicode_escape", "raw_unicode_escape", "mbcs"),
    *("nonsense", "", '"', "../x", "aliases", "x" * 200, "UTF-8", "us-ascii", "latin-1"),
]


@pytest.mark.parametrize("codec", CODECS)
def test_whatever_codec_a_client_names_it_is_utf_8(
    dana: Client, jobs: JobRepository, codec: str
) -> None:
    form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
    kinds = ("text/plain", form, parts, "application/json")
    paths = ("/dashboard/?q=%C3%A9", "/book/?r=%C3%A9", f"{PAGE}?r=1", "/api/jobs?q=a")
    for kind, path in zip(kinds, paths, strict=True):
        answer = dana.generic("GET", path, content_type=f"{kind}; charset={codec}")
        assert answer.status_code in (200, 415), (kind, path)
    part = "--x\r\nContent-Disposition: form-data; name=text\r\nContent-Type: text/plain;"
    odd = "--x\r\nContent-Disposition: form-data; name=a; filename*="
    body = f"{part} charset={codec}\r\n\r\nJosé\r\n{odd}{codec}''%41\r\n\r\nb\r\n--x--\r\n"
    for kind, sent in ((form, "text=Jos%C3%A9"), (parts, body)):
        path, named = f"{DRAWER}/notes", f"{kind}; charset={codec}"
        answer = dana.generic("POST", path, sent.encode(), content_type=named)
        assert answer.status_code == 303, kind
    assert {note.text for note in jobs.read().jobs[0].notes} == {"José"}
    named = f"application/json; charset={codec}"
    answer = dana.generic("POST", "/api/token", b'{"username": "\xc3\xa9"}', content_type=named)
    assert answer.status_code in (415, 422)


def test_too_many_fields_are_refused(client: Client) -> None:
    body = "f=x&" * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + "f=x"
    form = "application/x-www-form-urlencoded"
    assert client.post("/book/", body, content_type=form).status_code == 400


@pytest.mark.parametrize(
    "path", ["/book/", f"{PAGE}/ready", f"{DRAWER}/notes", "/dashboard/login/", "/"]
)
def test_a_huge_body_is_413_and_saves_nothing(dana: Client, jobs: JobRepository, path: str) -> None:
    before = jobs.read().revision
    answer = dana.post(path, {"text": "x" * settings.MOST_BODY})
    assert answer.status_code == 413
    assert "Nothing was saved" in words(answer)
    assert jobs.read().revision == before


@pytest.mark.parametrize("length", ["-1", "ten", "1e9", "9" * 5000, "٣", "99999999999"])
def test_a_length_that_is_none_is_413(client: Client, length: str) -> None:
    answer = client.generic("POST", "/book/", b"x=1", CONTENT_LENGTH=length)
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["DELETE", "TRACE", "BREW"])
def test_a_method_that_is_not_for_a_page_is_405_naming_those_that_are(
    dana: Client, method: str
) -> None:
    for path in ("/", "/book/", "/robots.txt", PAGE, f"{PAGE}/ready", "/dashboard/", DRAWER):
        answer = dana.generic(method, path)
        assert answer.status_code == 405, path
        assert answer.headers["Allow"], path


@pytest.mark.parametrize("action", ACTIONS)
def test_what_changes_something_is_never_done_by_looking(dana: Client, action: str) -> None:
    """A GET of such an address shows the job."""
    answer = dana.get(f"{DRAWER}/{action}")
    assert (answer.status_code, answer.headers["Location"]) == (302, DRAWER)


@pytest.mark.parametrize(
    "host", ["evil.example", " ", "localhost.evil.example", "a b", "[::1", "\xff", "10.0.0.7"]
)
def test_an_unknown_host_is_400_but_machines_ask_for_health(client: Client, host: str) -> None:
    statuses = [client.get(path, HTTP_HOST=host).status_code for path in ("/", "/readyz")]
    assert statuses == [400, 200]
    assert client.get("/healthz", HTTP_HOST=host).json()["status"] == "ok"


# --- storage out of reach ---------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/live", f"{PAGE}/cancel", "/dashboard/", DRAWER])
def test_out_of_reach_from_the_start_is_503(dana: Client, jobs: InMemory, path: str) -> None:
    jobs.restart()
    with unavailable(jobs):
        answer = dana.get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "We cannot reach our records right now" in words(answer)
    assert "(619) 555-0100" in words(answer)


@pytest.mark.parametrize(
    ("path", "fields"),
    [(f"{PAGE}/ready", {}), (f"{PAGE}/cancel", {"reason": "Sold it on the corner"})],
)
def test_a_customers_tap_out_of_reach_is_503_and_can_be_repeated(
    client: Client, jobs: JobRepository, path: str, fields: dict[str, str]
) -> None:
    jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    client.get(PAGE)
    with unavailable(jobs):
        answer = client.post(path, fields)
    assert answer.status_code == 503
    assert "Nothing is lost" in words(answer)
    assert all(f'value="{typed}"' in text(answer) for typed in fields.values())
    assert client.post(path, fields).status_code == 303


@pytest.mark.parametrize(
    ("action", "fields", "shown"),
    [
        ("move", {"status": "cancelled", "reason": "sold it"}, 'value="sold it"'),
        ("assign", {"driver": "ana"}, '<option value="ana" selected>'),
        ("notes", {"text": "dog in yard"}, "dog in yard</textarea>"),
        ("eta", {"eta": "14:20"}, 'value="14:20"'),
        ("edit", {"customer_name": "Marcus"}, 'value="Marcus"'),
        ("new", {"customer_name": "Paul", "location": "Elm St"}, 'value="Paul"'),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"X-Requested-With": "fetch"}])
def test_what_the_crew_typed_out_of_reach_is_given_back_and_changes_nothing(
    dana: Client,
    jobs: JobRepository,
    action: str,
    fields: dict[str, str],
    shown: str,
    headers: dict[str, str],
) -> None:
    before = jobs.change(lambda book: book.put(make_job(status=Status.BOOKED)))
    where = "/dashboard/jobs/new" if action == "new" else f"{DRAWER}/{action}"
    whole = {"customer_name": "Mark", "location": "Soderblom Ave", "status": "booked", **fields}
    with unavailable(jobs):
        answer = dana.post(where, whole, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "please send it again in a minute" in words(answer)
    assert shown in text(answer)
    assert jobs.refreshed().jobs == before.jobs


def test_a_job_sent_again_after_an_outage_is_one_job(dana: Client, jobs: JobRepository) -> None:
    typed = {"customer_name": "Paul", "location": "Elm St", "status": "booked", "key": "one-visit"}
    with unavailable(jobs):
        answer = dana.post("/dashboard/jobs/new", typed)
    assert 'name="key" value="one-visit"' in text(answer)
    for _ in range(2):
        assert dana.post("/dashboard/jobs/new", typed).status_code == 303
    assert [job.customer_name for job in jobs.read().jobs].count("Paul") == 1


def test_a_link_that_cannot_be_looked_up_is_not_called_unknown(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    """Known links go on working from memory; of others nobody can say."""
    client.get(PAGE)
    with unavailable(jobs):
        clock.tick(4)
        assert client.get(PAGE).status_code == 200
        assert client.get("/track/" + "u" * 32).status_code == 503


def test_who_has_just_booked_is_asked_for_a_moment_and_never_told_that_there_is_no_job(
    client: Client, jobs: InMemory
) -> None:
    """Another worker made the job; the storage answered this one a moment before, and now fails."""
    jobs.read()
    booked = elsewhere(jobs).change(lambda book: book.put(make_job(id="b", tracking_token=NEW)))
    link = f"/track/{NEW}"
    with unavailable(jobs):
        pages = [client.get(link, {"r": booked.revision}), client.get(link)]
        poll = client.get(f"{link}/live", {"r": booked.revision})
        form = client.post(f"{link}/cancel")
    for page in pages:
        assert page.status_code == 503
        assert page.headers["Retry-After"]
        assert page.headers["Refresh"] == "5"
        assert page.headers["Cache-Control"] == "no-store"
        assert "One moment, please" in words(page)
        assert "you need not send it again" in words(page)
        assert "(619) 555-0100" in words(page)
    assert (poll.status_code, form.status_code) == (503, 503)
    jobs.restart()
    assert client.get(link, {"r": booked.revision}).status_code == 200


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/live", f"{PAGE}/cancel", "/dashboard/", DRAWER])
def test_nobody_is_shown_less_than_they_have_seen(dana: Client, jobs: InMemory, path: str) -> None:
    jobs.read()
    newer = elsewhere(jobs).change(lambda book: book.put(make_job(status=Status.BOOKED)))
    with unavailable(jobs):
        assert dana.get(path).status_code == 200
        assert dana.get(path, {"r": newer.revision}).status_code == 503
    jobs.restart()
    assert dana.get(path, {"r": newer.revision}).status_code == 200


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/live", f"{PAGE}/cancel"])
def test_a_link_is_shown_from_memory_for_ten_minutes_and_then_no_more(
    client: Client, dana: Client, jobs: InMemory, clock: FakeClock, path: str
) -> None:
    """It may have been revoked, and nobody can tell."""
    jobs.read()
    with unavailable(jobs):
        clock.tick(UNSURE)
        assert client.get(path).status_code == 200
        clock.tick(1)
        answer = client.get(path)
        assert answer.status_code == 503
        assert "(619) 555-0100" in words(answer)
        assert "Soderblom" not in words(answer)
        assert "Soderblom" in words(dana.get("/dashboard/")), "the crew are told how old it is"
    clock.tick(3)
    assert client.get(path).status_code == 200


def test_a_link_that_may_just_have_been_revoked_here_is_not_shown_here(
    client: Client, dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    client.get(PAGE)

    def answer_lost() -> None:
        jobs.store.before_load.append(gone)
        gone()

    jobs.store.after_save.append(answer_lost)
    assert dana.post(f"{DRAWER}/link", {"revoke": "1"}).status_code == 503
    with unavailable(jobs):
        assert client.get(PAGE).status_code == 503
        assert client.get(f"{PAGE}/live").status_code == 503
    clock.tick(3)
    assert client.get(PAGE).status_code == 404


def test_nobody_is_put_on_a_job_by_a_roster_that_cannot_be_looked_at(
    dana: Client, jobs: JobRepository, roster: RosterRepository, clock: FakeClock
) -> None:
    """Whoever it is may have called in sick at another worker."""
    before = jobs.read().revision
    with unavailable(roster):
        answer = dana.post(f"{DRAWER}/assign", {"driver": "ana"})
    assert answer.status_code == 503
    assert '<option value="ana" selected>' in text(answer)
    assert jobs.read().revision == before
    clock.tick(3)
    assert dana.post(f"{DRAWER}/assign", {"driver": "ana"}).status_code == 303


def test_public_pages_need_no_storage(client: Client, jobs: InMemory, roster: InMemory) -> None:
    jobs.restart()
    roster.restart()
    with unavailable(jobs, roster):
        for path in ("/", "/book/", "/robots.txt", "/healthz", "/dashboard/login/"):
            assert client.get(path).status_code == 200, path


def test_readiness_says_which_store_is_out_of_reach(
    client: Client, jobs: JobRepository, roster: InMemory
) -> None:
    assert client.get("/readyz").status_code == 200
    roster.restart()
    with unavailable(roster):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["confirmed_seconds_ago"] == {"jobs": 0, "roster": None}


def test_readiness_is_over_as_soon_as_the_pages_say_so(
    dana: Client, jobs: InMemory, clock: FakeClock
) -> None:
    dana.get("/readyz")
    with unavailable(jobs):
        clock.tick(SILENT + 0.04)
        assert "This is how it was" in text(dana.get("/dashboard/"))
        assert dana.get("/readyz").status_code == 503


def test_the_page_for_our_own_failures_needs_nothing_that_can_fail() -> None:
    page = errors.server_error(RequestFactory().get("/"))
    assert page.status_code == 500
    assert "Something broke on our side" in words(page)


@pytest.mark.parametrize("path", ["/nowhere", "/dashboard/nowhere", "/booking/x"])
def test_an_unknown_address_says_so_kindly(client: Client, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "There is no such page" in words(page)
    assert "(619) 555-0100" in words(page)


def test_the_crew_keep_their_way_to_the_board(dana: Client, joel: Client) -> None:
    """Not the customers' menu and words."""
    for page in (dana.get("/dashboard/nope"), joel.get("/dashboard/jobs/new")):
        assert page.status_code in (403, 404)
        assert 'href="/dashboard/">Back to the board</a>' in text(page)
        assert "Sign out" in words(page)
        assert "Book a pickup" not in words(page)
        assert "You can always call us" not in words(page)


def test_the_crew_are_told_so_when_nobody_knows_who_they_are(
    joel: Client, roster: RosterRepository, clock: FakeClock
) -> None:
    with unavailable(roster):
        clock.tick(KEPT + 1)
        page = joel.get("/dashboard/")
    assert page.status_code == 503
    assert "Back to the board" in words(page)
    assert "Sign out" not in words(page)
