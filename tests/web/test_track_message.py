"""A customer writes to the business, the crew read it, and a dispatcher answers."""

from typing import Any

import pytest
from django.test import Client

import dispatch.jobs
from dispatch.domain.job import Crew, Event, Job, MessageIn
from dispatch.domain.status import Status
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, DANA, NOON, TOKEN, FakeClock, make_job, unavailable
from tests.web.pages import sent_back, text, words

PAGE = f"/track/{TOKEN}"
ASK = f"{PAGE}/message"
ID = "jXkL9m2pQ"
DRAWER = f"/dashboard/jobs/{ID}"
PENDING, BOOKED, READY, STARTED, DONE, CANCELLED = Status
PIANO = "Is the old piano fine, too?"


def put(jobs: JobRepository, **fields: Any) -> None:
    made = make_job(**{"status": BOOKED, "crew": Crew(driver="joel"), **fields})
    jobs.change(lambda book: book.put(made))


def stored(jobs: JobRepository) -> Job:
    return jobs.read().job(ID)


def messages(jobs: JobRepository) -> list[MessageIn]:
    return list(stored(jobs).messages_in or ())


def write(client: Client, words: str = PIANO, **fields: str) -> Any:
    return client.post(ASK, {"text": words, **fields})


@pytest.mark.parametrize("status", [PENDING, BOOKED, READY, STARTED])
def test_a_message_is_kept_and_shown_on_the_own_page(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    put(jobs, status=status)
    form = sent_back(client.get(ASK), "")
    answer = client.post(ASK, {**form, "text": f"  {PIANO}\r\nIt is <b>heavy</b>. "})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}?r=2")
    (kept,) = messages(jobs)
    assert (kept.text, kept.at, kept.answer) == (f"{PIANO}\nIt is <b>heavy</b>.", NOON, None)
    assert kept.id
    assert stored(jobs).access_notes == ""
    shown = client.get(PAGE)
    assert f"{PIANO} It is <b>heavy</b>. May 22, 12:00 PM" in words(shown)
    assert "<b>heavy" not in text(shown)


def test_sent_twice_it_is_written_once(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    form = sent_back(client.get(ASK), "")
    for _ in range(2):
        assert client.post(ASK, {**form, "text": PIANO}).status_code == 303
    client.post(ASK, {**form, "text": "And the bench?"})
    assert [each.text for each in messages(jobs)] == [PIANO, "And the bench?"]


def test_a_gate_code_is_added_to_what_the_crew_know_and_shown_to_no_link(
    client: Client, dana: Client, joel: Client, jobs: JobRepository
) -> None:
    booked = Event(at=NOON, by="customer", what="created")
    put(jobs, access_notes="Ring twice", history=(booked,))
    assert "Ring twice" in text(client.get(f"{PAGE}/again"))
    assert write(client, "Gate canary 4411", gate_code="1").status_code == 303
    job = stored(jobs)
    assert job.access_notes == "Ring twice\nGate canary 4411"
    assert messages(jobs)[0].gate_code is True
    for path in (PAGE, f"{PAGE}/live", ASK, f"{PAGE}/cancel", f"{PAGE}/again"):
        assert "canary" not in text(client.get(path))
    assert "You sent a gate code. The crew has it" in words(client.get(PAGE))
    for crew in (dana, joel):
        assert words(crew.get(DRAWER)).count("Gate canary 4411") >= 2
    assert "access notes Ring twice → Ring twice Gate canary 4411" in words(dana.get(DRAWER))


def test_an_edit_of_the_access_notes_from_before_the_gate_code_is_a_conflict(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    put(jobs, access_notes="Ring twice")
    seen = sent_back(dana.get(DRAWER), f"{DRAWER}/edit")
    write(client, "4411", gate_code="1")
    answer = dana.post(f"{DRAWER}/edit", {**seen, "access_notes": "Ring once"})
    assert answer.status_code == 409
    assert stored(jobs).access_notes == "Ring twice\n4411"
    assert dana.post(f"{DRAWER}/edit", {**seen, "truck": "T9"}).status_code == 303
    assert stored(jobs).access_notes == "Ring twice\n4411", "what was left alone stays"


def test_a_gate_code_that_does_not_fit_is_refused_and_nothing_is_lost(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs, access_notes="x" * 990)
    answer = write(client, "y" * 10, gate_code="1")
    assert answer.status_code == 422
    assert "That is too long for a gate code. Please call us." in words(answer)
    assert "y" * 10 in text(answer)
    assert 'name="gate_code" value="1" checked' in text(answer)
    assert (stored(jobs).access_notes, messages(jobs)) == ("x" * 990, [])
    assert write(client, "y" * 9, gate_code="1").status_code == 303


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "Write something first."),
        (" \n\u200b", "Write something first."),
        ("x" * 3000, "It has 3000 characters; at most 2000 fit."),
        ("a\0b", "It has control characters in it."),
        ("a\x1bb", "It has control characters in it."),
    ],
)
def test_what_cannot_be_kept_is_given_back_with_why(
    client: Client, jobs: JobRepository, typed: str, why: str
) -> None:
    put(jobs)
    answer = write(client, typed)
    assert answer.status_code == 422
    assert why in words(answer)
    assert typed.strip("\0") in text(answer)
    assert messages(jobs) == []


def test_the_eleventh_is_told_to_call(client: Client, jobs: JobRepository) -> None:
    put(jobs)
    for n in range(10):
        assert write(client, f"Message {n}").status_code == 303
    for answer in (write(client, "One more"), client.get(ASK)):
        assert answer.status_code == 422
        assert "You have sent us as many messages as fit here. Please call us." in words(answer)
        assert "(619) 555-0100" in words(answer)
    assert len(messages(jobs)) == 10
    assert ASK not in text(client.get(f"{PAGE}/live"))
    assert "Message 9" in words(client.get(PAGE))


@pytest.mark.parametrize("status", [DONE, CANCELLED])
def test_nothing_is_written_once_it_is_over(
    client: Client, jobs: JobRepository, status: Status
) -> None:
    put(jobs, status=status)
    for answer in (client.get(ASK), write(client)):
        assert answer.status_code == 422
        assert "cannot be changed here any more" in words(answer)
    assert messages(jobs) == []


def test_out_of_reach_it_is_given_back_under_the_same_key(
    client: Client, jobs: JobRepository
) -> None:
    put(jobs)
    with unavailable(jobs):
        answer = write(client, key="one-visit")
    assert answer.status_code == 503
    assert PIANO in text(answer)
    assert 'name="key" value="one-visit"' in text(answer)


def test_out_of_reach_for_long_it_is_given_back_each_time(
    client: Client, jobs: JobRepository
) -> None:
    """Though after the first failure nobody knows any more which pickup it is about."""
    put(jobs)
    with unavailable(jobs):
        for _ in range(2):
            answer = write(client, key="one-visit")
            assert answer.status_code == 503
            assert 'name="key" value="one-visit"' in text(answer)
            assert PIANO in text(answer)


def test_what_is_too_much_now_is_given_back(
    client: Client, jobs: JobRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(jobs)
    monkeypatch.setattr("tracking.views.link.ON_ONE_JOB.most", 0)
    answer = write(client)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert f"{PIANO}</textarea>" in text(answer)
    assert "That was a lot in a short time, so nothing was changed now." in words(answer)


def test_who_writes_without_end_is_limited(client: Client, jobs: JobRepository) -> None:
    many = [make_job(status=BOOKED, id=f"j{n}", tracking_token=f"{n:032}") for n in range(8)]
    jobs.change(lambda book: book.put(*many))
    answers = [
        client.post(f"/track/{job.tracking_token}/message", {"text": f"{n}"}).status_code
        for job in many
        for n in range(8)
    ]
    assert answers == [303] * 60 + [429] * 4


# --- the crew's side ------------------------------------------------------------------------


def test_a_dispatcher_answers_and_the_customer_reads_it_below_what_they_asked(
    client: Client, dana: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    put(jobs)
    write(client)
    write(client, "And the bench?")
    assert "Wants an answer" in words(dana.get("/dashboard/"))
    clock.tick(600)
    form = sent_back(dana.get(DRAWER), f"{DRAWER}/answer")
    first, second = form["id"]
    sent = {"key": form["key"][0], "id": first, "answer": "Yes,\n<i>gladly</i>."}
    assert dana.post(f"{DRAWER}/answer", sent).status_code == 303
    (piano, bench) = messages(jobs)
    assert (piano.answer, piano.answered_by) == ("Yes,\n<i>gladly</i>.", "dana")
    assert piano.answered_at == clock.now()
    assert bench.answer is None
    page = client.get(PAGE)
    assert (
        f"{PIANO} May 22, 12:00 PM Yes, <i>gladly</i>. QuickDumpNow , May 22, 12:10 PM And the"
        in words(page)
    )
    assert "dana" not in text(page).lower()
    assert "<i>gladly" not in text(page)
    assert f"{PIANO} May 22, 12:00 PM Yes, <i>gladly</i>. Dana" in words(dana.get(DRAWER))
    assert second


def test_an_answered_message_needs_nobody_any_more(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    """In the same second, too: what else was done then says nothing."""
    put(jobs)
    write(client)
    assert "Wants an answer" in words(dana.get("/dashboard/"))
    dispatch.jobs.reply(BUSINESS, ID, messages(jobs)[0].id, "Yes", by=DANA)
    assert "Wants an answer" not in words(dana.get("/dashboard/"))


def test_history_tells_of_both(client: Client, dana: Client, jobs: JobRepository) -> None:
    put(jobs)
    write(client)
    dispatch.jobs.reply(BUSINESS, ID, messages(jobs)[0].id, "Yes", by=DANA)
    drawer = words(dana.get(DRAWER))
    assert "Answered the customer's message Dana, May 22, 12:00 PM" in drawer
    assert "Wrote a message The customer, May 22, 12:00 PM" in drawer


def test_a_second_answer_from_another_tab_is_refused_with_what_was_typed(
    client: Client, dana: Client, jobs: JobRepository
) -> None:
    put(jobs)
    write(client)
    (asked,) = messages(jobs)
    for _ in range(2):
        sent = {"id": asked.id, "answer": "Yes"}
        assert dana.post(f"{DRAWER}/answer", sent).status_code == 303
    answer = dana.post(f"{DRAWER}/answer", {"id": asked.id, "answer": "No"})
    assert answer.status_code == 409
    assert "Somebody else has changed the answer since you looked." in words(answer)
    assert "You typed: No" in words(answer)
    assert messages(jobs)[0].answer == "Yes"


@pytest.mark.parametrize("fields", [{}, {"id": "nobodys"}, {"id": ""}])
def test_an_answer_to_no_message_is_refused(
    client: Client, dana: Client, jobs: JobRepository, fields: dict[str, str]
) -> None:
    put(jobs, messages_in=(MessageIn(text="An old one, without an id"),))
    answer = dana.post(f"{DRAWER}/answer", {"answer": "Yes", **fields})
    assert answer.status_code == 422
    assert "There is no such message." in words(answer)
    assert messages(jobs)[0].answer is None


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (" ", "Write something first."),
        ("x" * 2001, "It has 2001 characters"),
        ("a\0", "control characters"),
    ],
)
def test_an_answer_that_cannot_be_kept_is_refused_with_why(
    client: Client, dana: Client, jobs: JobRepository, typed: str, why: str
) -> None:
    put(jobs)
    write(client)
    asked = messages(jobs)[0].id
    answer = dana.post(f"{DRAWER}/answer", {"id": asked, "answer": typed})
    assert answer.status_code == 422
    assert why in words(answer)
    assert messages(jobs)[0].answer is None
    form = sent_back(answer, f"{DRAWER}/answer")
    assert form["answer"][0].rstrip("\N{REPLACEMENT CHARACTER}") == typed.rstrip("\0")


def test_crew_read_it_and_leave_the_answer_to_the_office(
    client: Client, joel: Client, vic: Client, jobs: JobRepository
) -> None:
    put(jobs)
    write(client)
    for member in (joel, vic):
        page = member.get(DRAWER)
        assert PIANO in words(page)
        assert f"{DRAWER}/answer" not in text(page)
        answer = member.post(f"{DRAWER}/answer", {"id": messages(jobs)[0].id, "answer": "Yes"})
        assert answer.status_code == 403
    assert messages(jobs)[0].answer is None


@pytest.mark.parametrize("said", [7, {"text": "Yes"}, ["Yes"], True])
def test_an_answer_of_another_shape_breaks_no_page(
    client: Client, dana: Client, jobs: JobRepository, said: Any
) -> None:
    put(jobs, messages_in=(MessageIn(id="m1", at=None, text=None, answer=said),))
    assert client.get(PAGE).status_code == 200
    assert dana.get(DRAWER).status_code == 200
