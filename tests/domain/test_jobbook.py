"""jobs.json: read generously, written strictly (CONTRACT §3)."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.job import Crew, Window
from dispatch.domain.jobbook import JobBook, JobNotFound
from dispatch.domain.status import Status
from dispatch.domain.stored.document import UnreadableDocument
from dispatch.domain.stored.record import encode
from dispatch.domain.visit.money import PriceLine
from tests.making import CONTRACT_FIELDS, LEGACY, NOON, TOKEN, make_job, seconds, twenty_moves

MARKS = "fcdc1c82cb284dbe"
LATER = NOON + seconds(90)
SAN_DIEGOS = "2026-05-21T23:40:00-07:00"
REVISIONS = (b'"x"', b"-5", b"9223372036854775808", b"1.5", b'"3"')  # no counts of writes


def stored(**fields: Any) -> dict[str, Any]:
    """A job as a file has it."""
    return {
        "id": "j1",
        "tracking_token": TOKEN,
        "customer_name": "Mark",
        "location": "Soderblom Ave",
        "status": "booked",
        "price": 600,
        "created_at": "2026-05-22T16:04:11Z",
        "updated_at": "2026-05-22T16:04:11Z",
        **fields,
    }


def read(*jobs: Any, **document: Any) -> JobBook:
    whole = {"schema": 2, "revision": 7, "jobs": list(jobs), **document}
    return JobBook.decode(json.dumps(whole).encode())


def written(book: JobBook) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(book.encode())
    return document


def after_moves(book: JobBook, job_id: str = "j1") -> dict[str, Any]:
    return written(twenty_moves(book, job_id))


def after_a_note(book: JobBook, job_id: str) -> dict[str, Any]:
    return written(book.changed(book.job(job_id).noted("dog", by="joel", at=LATER), LATER))


@pytest.fixture
def legacy() -> JobBook:
    return JobBook.decode(LEGACY.read_bytes())


def test_what_names_no_schema_is_read_as_jobs_of_schema_1(legacy: JobBook) -> None:
    assert [job.customer_name for job in legacy.jobs] == [
        *("Mark", "Dana Ortiz", "Café Nuñez & Sons", "Old Town Bikes")
    ]
    assert (legacy.revision, len(legacy.entries)) == (0, 5)
    assert JobBook.decode(b'{"jobs": %s}' % LEGACY.read_bytes()).jobs == legacy.jobs


def test_old_names_and_values_become_todays_and_old_links_work(legacy: JobBook) -> None:
    dana, nunez, bikes = legacy.jobs[1:]
    assert (dana.status, dana.crew, dana.truck) == (Status.BOOKED, Crew(driver="joel"), "T2")
    assert legacy.by_token(MARKS).customer_name == "Mark"
    assert dana.created_at == datetime(2026, 5, 22, 6, 40, tzinfo=UTC)
    assert nunez.price == Decimal("370.5")
    assert (bikes.price, bikes.status) == (150, Status.COMPLETED)


def test_what_is_written_has_only_todays_names(legacy: JobBook) -> None:
    document = written(legacy.written("w1", NOON))
    assert (document["schema"], document["revision"], document["write_id"]) == (2, 1, "w1")
    for entry in document["jobs"][:4]:
        assert not {"customer", "token", "assigned_crew"} & entry.keys()
    assert document["jobs"][1]["status"] == "booked"
    assert document["jobs"][3]["price"] == 150


def test_a_change_grows_the_version_of_that_job_alone() -> None:
    book = read(stored(), stored(id="j2", tracking_token="u" * 20))
    after = book.changed(book.job("j1").noted("dog", by="joel", at=LATER), LATER)
    assert [(job.id, job.version) for job in after.jobs] == [("j1", 2), ("j2", 1)]
    assert after.entries[1] is book.entries[1]


def test_no_change_is_no_write() -> None:
    book = read(stored())
    assert book.changed(book.job("j1"), LATER) is book


def test_the_unreadable_entry_hides_no_other_and_is_reported(legacy: JobBook) -> None:
    assert (len(legacy.jobs), len(legacy.problems)) == (4, 1)
    assert legacy.problems[0].startswith("entry 'broken-1': ")
    with pytest.raises(JobNotFound):
        legacy.job("broken-1")


def test_the_unreadable_entry_and_an_unknown_field_survive_twenty_moves(legacy: JobBook) -> None:
    body = twenty_moves(legacy, "17").encode()
    assert b'{"id": "broken-1", "location": 42, "status": "teleported"}' in body
    assert b'"x_invoice":{"no": 1041, "sent": true}' in body
    assert len(JobBook.decode(body).job("17").moves) == 20


@pytest.mark.parametrize(
    "entry", ["null", "1", '"text"', "[]", "{}", '{"id":"j1"}', '[{"id": "j1"}]', "1e999", "true"]
)
def test_whatever_an_entry_is_the_others_are_read_and_it_is_kept(entry: str) -> None:
    body = b'{"schema":2,"jobs":[%s,%s]}' % (entry.encode(), json.dumps(stored()).encode())
    book = JobBook.decode(body)
    assert [job.id for job in book.jobs] == ["j1"]
    assert after_moves(book)["jobs"][0] == json.loads(entry)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"id": job_id} for job_id in ("a/b", "", "x" * 65, 1.5)),
        *({"tracking_token": token} for token in ("too-short", "x" * 65, "a b" * 6, TOKEN + "\n")),
        *({"price": price} for price in (-1, "six hundred", 0.125)),
        {"price": "sNaN", "price_lines": [{"label": "x", "amount": "NaN"}]},
        *({"customer_name": ""}, {"location": None}, {"status": "teleported"}, {"status": None}),
        {"window": "afternoon"},
        {"window": {"date": "2026-05-23", "name": "x", "start": "25:00", "end": "26:00"}},
        {"window": {"date": "2026-05-23", "name": "x", "start": "08:00\n", "end": "12:00"}},
        *({"created_at": time} for time in ("yesterday", "9999-12-31T23:59:59-12:00")),
        {"created_at": "0001-01-01T00:00:00+12:00"},
        {"history": [{"at": "2026-05-22T16:04:11Z"}]},
        {"paid": {"amount": "NaN", "method": "cash", "at": "2026-05-22T16:04:11Z", "by": "j"}},
    ],
)
def test_a_job_that_cannot_be_is_reported_and_hides_nobody(wrong: dict[str, Any]) -> None:
    book = read(stored(id="j2", tracking_token="u" * 20), stored(**wrong))
    assert [job.id for job in book.jobs] == ["j2"]
    assert len(book.problems) == 1
    assert written(book)["jobs"][1] == stored(**wrong)


@pytest.mark.parametrize("token", ["x" * 16, "x" * 64, MARKS, "Zk3_m-0Qv9bXw7Yt2Rr5Lp8Ns4Hd1Ga6"])
def test_links_of_16_to_64_characters_work(token: str) -> None:
    assert read(stored(tracking_token=token)).by_token(token).id == "j1"


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", "ü" * 32, "\ud800" * 16, "\0"])
def test_no_other_text_is_a_link(token: str) -> None:
    with pytest.raises(JobNotFound):
        read(stored(), stored(id="j2", tracking_token="")).by_token(token)


@pytest.mark.parametrize(
    ("price", "number"),
    [("150.00", "150.00"), (285.5, "285.5"), (600, "600"), ("0", "0")],
)
def test_prices_are_read_from_strings_too(price: Any, number: str) -> None:
    assert read(stored(price=price)).job("j1").price == Decimal(number)


@pytest.mark.parametrize("price", ["30.000000000000004", "285.49999999999994", "0.30", "19.99"])
def test_no_written_price_has_the_noise_of_floats(price: str) -> None:
    body = twenty_moves(read(stored(price=price)), "j1").encode().decode()
    noted = body.split('"price":')[1].split(",")[0]
    assert len(noted.partition(".")[2]) <= 2
    assert json.loads(noted) == round(float(price), 2)


def test_edited_prices_have_no_noise_in_the_history_either() -> None:
    book = read(stored(price=0.1))
    job = book.job("j1").edited({"price": Decimal("0.30")}, by="dana", at=LATER)
    change = written(book.changed(job, LATER))["jobs"][0]["history"][0]["changes"]
    assert json.dumps(change) == '{"price": [0.1, 0.3]}'


def test_the_price_is_the_sum_of_the_lines_whatever_the_file_says() -> None:
    lines = [{"label": "Half load", "amount": 320}, {"label": "Mattress", "amount": "50.50"}]
    assert read(stored(price=1, price_lines=lines)).job("j1").price == Decimal("370.5")


@pytest.mark.parametrize(
    "time", [*("2026-05-22T06:40:00" + zone for zone in ("", "Z", ".999999Z")), SAN_DIEGOS]
)
def test_times_are_written_as_utc_in_whole_seconds(time: str) -> None:
    history = [{"at": time, "by": "dana", "from": "new", "to": "confirmed", "reason": ""}]
    notes = [{"at": time, "by": "ana", "text": "dog"}]
    job = after_moves(read(stored(created_at=time, history=history, notes=notes)))["jobs"][0]
    utc = "2026-05-22T06:40:00Z"
    assert (job["created_at"], job["history"][0]["at"], job["notes"][0]["at"]) == (utc, utc, utc)


@pytest.mark.parametrize("alias", [alias for status in Status for alias in status.aliases])
def test_other_names_of_statuses_are_read_inside_the_history_too(alias: str) -> None:
    moved = {"at": SAN_DIEGOS, "by": "dana", "from": alias, "to": alias, "reason": ""}
    event = after_moves(read(stored(history=[moved])))["jobs"][0]["history"][0]
    assert (event["from"], event["to"]) == (Status(alias).value, Status(alias).value)


NULLS = [
    *("tracking_token", "phone", "email", "price", "price_lines", "paid", "window", "on_my_way"),
    *("eta", "crew", "truck", "load", "access_notes", "photos", "notes", "history", "version"),
    *("created_at", "updated_at", "finished_at"),
]


@pytest.mark.parametrize("name", NULLS)
def test_null_and_what_is_missing_are_read_as_nothing_said(name: str) -> None:
    missing = stored()
    missing.pop(name, None)
    assert [job.customer_name for job in read(missing).jobs] == ["Mark"]
    book = read(stored(**{name: None}))
    assert [job.customer_name for job in book.jobs] == ["Mark"]
    assert len(after_moves(book)["jobs"][0]["history"]) == 20


def test_old_histories_with_nulls_are_read() -> None:
    at = "2026-05-22T06:40:00Z"
    first = {"at": at, "by": "system", "from": None, "to": "new", "reason": None}
    job = read(stored(history=[first])).job("j1")
    assert job.reached(Status.PENDING) == datetime(2026, 5, 22, 6, 40, tzinfo=UTC)


def test_without_any_time_a_job_is_as_old_as_can_be() -> None:
    job = read(stored(created_at=None, updated_at=None)).job("j1")
    assert job.created_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_when_a_job_was_finished_is_kept_once_it_is_written_and_not_before() -> None:
    """What is only read stays as it is stored."""
    moved = {"at": SAN_DIEGOS, "by": "dana", "from": "booked", "to": "completed", "reason": ""}
    for job in (stored(status="completed", history=[moved]), stored(finished_at=SAN_DIEGOS)):
        raw = json.dumps(job, indent=1).encode()
        book = JobBook.decode(b'{"schema": 2, "jobs": [%s]}' % raw)
        assert not book.problems
        other = book.put(make_job(id="j2", tracking_token=""))
        assert raw in JobBook.decode(other.written("w", LATER).encode()).encode()
    (entry,) = after_a_note(read(stored(status="completed", history=[moved])), "j1")["jobs"]
    assert (entry["finished_at"], entry["updated_at"]) == (
        "2026-05-22T06:40:00Z",
        "2026-05-22T19:01:30Z",
    )
    assert (
        after_a_note(read(stored(finished_at=SAN_DIEGOS)), "j1")["jobs"][0]["finished_at"] is None
    )


def test_with_both_an_old_and_a_new_name_the_new_one_counts() -> None:
    old = {"customer": "Old", "token": "o" * 16, "assigned_crew": "ana"}
    job = read(stored(**old, crew={"driver": "joel"})).by_token(TOKEN)
    assert (job.id, job.customer_name, list(job.crew)) == ("j1", "Mark", ["joel"])


@pytest.mark.parametrize("other", [{"tracking_token": "u" * 20}, {"id": "j2"}])
def test_the_second_job_of_one_id_or_link_is_reported_and_kept(other: dict[str, str]) -> None:
    twin = stored(customer_name="Twin", **other)
    book = read(stored(), twin)
    assert book.job("j1") is book.by_token(TOKEN)
    assert book.job("j1").customer_name == "Mark"
    assert book.problems == (f"entry {twin['id']!r}: its id or link is used twice",)
    assert after_moves(book)["jobs"][1] == twin


def test_jobs_without_a_link_are_no_doubles_of_each_other() -> None:
    book = read(stored(tracking_token=""), stored(id="j2", tracking_token=""))
    assert len(book.jobs) == 2


def test_what_has_not_changed_is_not_parsed_again() -> None:
    book = JobBook().put(make_job(id="j1", tracking_token=""), make_job(id="j2"))
    after = book.changed(book.job("j2").noted("dog", by="joel", at=LATER), LATER)
    again = JobBook.decode(after.encode(), book)
    assert again.job("j1") is book.job("j1")
    assert again.job("j2") == after.job("j2")


def test_a_double_is_read_again_once_the_other_has_gone() -> None:
    twin = stored(tracking_token="u" * 20, customer_name="Twin")
    cured = json.dumps({"schema": 2, "jobs": [twin]}).encode()
    assert JobBook.decode(cured, read(stored(), twin)).job("j1").customer_name == "Twin"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"  \n", b"<Error>NoSuchKey</Error>", b"null", b"17", b'"jobs"', b"\xff\xfe"),
        *(b'{"jobs": 5}', b'{"jobs": {}}', b'{"schema": "two", "jobs": []}', b'[{"id": "j1"}'),
        *(b'{"revision": %s, "jobs": []}' % wrong for wrong in REVISIONS),
        b'{"updated_at": "9999-12-31T23:00:00-14:00", "jobs": []}',
        *(b"[" * 100_000, b'{"x":' * 100_000),
    ],
)
def test_what_is_no_job_book_stops_everything(body: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        JobBook.decode(body)


def test_a_newer_schema_stops_everything_and_says_what_to_do() -> None:
    with pytest.raises(UnreadableDocument, match="has schema 3; this version writes 2"):
        read(stored(), schema=3)


@pytest.mark.parametrize(
    "name", ["revision", "write_id", "recent_writes", "updated_at", "jobs", "schema"]
)
def test_a_null_on_the_document_is_read_as_nothing_said(name: str) -> None:
    document = {"schema": 1, "revision": 0, "jobs": []} | {name: None}
    assert JobBook.decode(json.dumps(document).encode()).jobs == ()


def test_a_job_is_written_in_exactly_the_contracts_shapes() -> None:
    window = Window(date=NOON.date(), name="afternoon", start="13:00", end="17:00")
    lines = (PriceLine(label="Half load", amount=Decimal("320.00")),)
    job = make_job(status=Status.BOOKED, window=window, price_lines=lines)
    job = job.noted("dog in yard", by="ana", at=LATER).expected_at(NOON, by="joel", at=LATER)
    book = JobBook().put(job.on_the_way(by="ana", at=LATER))
    noon, later = "2026-05-22T19:00:00Z", "2026-05-22T19:01:30Z"
    entry = written(book)["jobs"][0]
    assert entry["eta"] == {"at": noon, "said_at": later, "by": "joel"}
    assert entry["on_my_way"] == {"at": later, "by": "ana"}
    entry = after_moves(book, job.id)["jobs"][0]
    times = {"start": "13:00", "end": "17:00"}
    assert entry["window"] == {"date": "2026-05-22", "name": "afternoon", **times}
    assert entry["price_lines"] == [{"label": "Half load", "amount": 320}]
    assert entry["crew"] == {"driver": None, "first_mate": None, "supervisor": None}
    assert entry["notes"] == [{"at": later, "by": "ana", "text": "dog in yard"}]
    moved = {"from": "booked", "to": "in_progress", "reason": "again"}
    assert entry["history"][2] == {"at": noon, "by": "dana", **moved}
    assert all("what" in event for event in entry["history"][:2])
    assert (entry["version"], entry["updated_at"]) == (21, "2026-05-22T19:00:19Z")
    assert entry.keys() == CONTRACT_FIELDS


def test_the_document_is_one_job_a_line_so_that_people_can_compare() -> None:
    book = JobBook().put(make_job(), make_job(id="j2", tracking_token="")).written("w", NOON)
    lines = book.encode().decode().splitlines()
    assert [line.startswith('{"id":') for line in lines] == [False, True, True, False]


def test_what_is_written_can_be_read(legacy: JobBook) -> None:
    again = JobBook.decode(legacy.written("w1", NOON).encode())
    assert again.jobs == legacy.jobs
    assert again.encode() == legacy.written("w1", NOON).encode()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
unknown = st.dictionaries(st.text().map(lambda name: f"x_{name}"), json_values, min_size=1)


@pytest.mark.long
@settings(max_examples=20)  # each is written and read twenty times
@given(unknown)
def test_unknown_fields_survive_everywhere_byte_for_byte(fields: dict[str, Any]) -> None:
    note = {"at": "2026-05-22T15:00:00Z", "by": "ana", "text": "dog", **fields}
    event = {"at": "2026-05-22T15:00:00Z", "by": "ana", "from": "new", "to": "done", "reason": ""}
    entry = stored(notes=[note], history=[event | fields], crew={"driver": "joel", **fields})
    body = twenty_moves(read(entry | fields, **fields), "j1").encode()
    after = json.loads(body)
    job = after["jobs"][0]
    for place in (after, job, job["notes"][0], job["history"][0], job["crew"]):
        assert {name: place[name] for name in fields} == fields
    for name, value in fields.items():
        assert body.count(json.dumps(value).encode()) >= 5, name


def test_messages_and_a_quote_survive_as_they_were_written() -> None:
    at, odd = "2026-05-22T15:00:00Z", {"x_odd": [1.50, {"a": None}]}
    told = {
        "messages_in": [{"id": "m1", "at": at, "text": "Gate is 4411", "answer": None, **odd}],
        "messages": [{"id": "o1", "event": "booked", "state": "failed", "at": at, **odd}],
        "quote": {"id": "q1", "amount": 450.5, "answer": None, "answered_at": None, **odd},
    }
    job = after_moves(read(stored(**told)))["jobs"][0]
    assert job["messages_in"] == told["messages_in"]
    assert job["messages"][0].items() >= told["messages"][0].items()
    assert job["quote"].items() >= told["quote"].items()
    nothing = {"messages_in": None, "messages": None, "quote": None}
    assert "messages_in" not in after_moves(read(stored(**nothing)))["jobs"][0]


def test_a_photos_bare_id_is_read_as_a_photo() -> None:
    job = read(stored(photos=["a", {"id": "b", "kind": "after", "x": 1}])).jobs[0]
    assert [(photo.id, photo.kind) for photo in job.photos] == [("a", "before"), ("b", "after")]
    assert after_moves(read(stored(photos=[{"id": "b", "x": 1}])))["jobs"][0]["photos"][0]["x"] == 1


@given(unknown)
def test_unknown_fields_survive_the_step_from_old_names(fields: dict[str, Any]) -> None:
    old = {"id": "j1", "customer": "Mark", "location": "L", "status": "new", "token": MARKS}
    job = after_a_note(JobBook.decode(json.dumps([old | fields]).encode()), "j1")["jobs"][0]
    assert {name: job[name] for name in fields} == fields


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_reading_raises_nothing_but_unreadable_document(body: bytes) -> None:
    try:
        JobBook.decode(body)
    except UnreadableDocument:
        return


@given(st.lists(json_values, max_size=4), st.dictionaries(st.sampled_from(NULLS), json_values))
def test_no_entry_however_odd_hides_a_good_one(odd: list[Any], fields: dict[str, Any]) -> None:
    good = stored(id="good", tracking_token="g" * 16)
    book = read(*odd, stored(id="odd", tracking_token="") | fields, good)
    assert book.job("good").customer_name == "Mark"
    assert after_a_note(book, "good")["jobs"][: len(odd)] == odd


texts = st.text(min_size=1).filter(str.strip)


@given(texts, texts, st.decimals(0, 10_000_000, places=2), st.text())
def test_any_job_survives_being_written(name: str, place: str, price: Decimal, access: str) -> None:
    job = make_job(customer_name=name, location=place, price=price, access_notes=access)
    assert JobBook.decode(JobBook().put(job).encode()).jobs == (job,)
    assert json.loads(encode(job))["price"] == float(price)
