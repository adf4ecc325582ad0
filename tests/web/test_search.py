"""The board's and the API's search: people find what they write, however they write it."""

from collections.abc import Callable

import pytest
from django.test import Client

from dispatch.board.filters import Filters
from dispatch.domain.search import is_found
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, make_job
from tests.web.api import Program
from tests.web.pages import text

NAMES = {
    "jose1": "José Peña",
    "jose2": "Jose\u0301 Pen\u0303a",
    "sean": "Seán O’Brien",
    "brid": "Bríd O'Malley",
    "muller": "Müller",
    "ibrahim": "İbrahim",
    "zoe": "Zoë",
    "lukasz": "Łukasz Strauß",
}
ALL = set(NAMES)
Search = Callable[[str], set[str]]


@pytest.fixture(params=["board", "API"])
def search(request: pytest.FixtureRequest, dana: Client, jobs: JobRepository) -> Search:
    """The ids that are found."""
    made = [
        make_job(id=name, tracking_token="", customer_name=words, phone="+16195550142;ext=4471")
        for name, words in NAMES.items()
    ]
    jobs.change(lambda book: book.put(*made))
    if request.param == "API":
        program = Program("dana")

        def by_api(q: str) -> set[str]:
            answer = program.client.get("/api/jobs", {"q": q}, headers=program.headers)
            return {job["id"] for job in answer.json()["jobs"]}

        return by_api

    def on_board(q: str) -> set[str]:
        page = text(dana.get("/dashboard/", {"q": q}))
        return {name for name in NAMES if f'id="job-{name}"' in page}

    return on_board


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("jose pena", {"jose1", "jose2"}),
        ("José", {"jose1", "jose2"}),
        ("PEN\u0303A", {"jose1", "jose2"}),
        ("O'Brien", {"sean"}),
        ("o`brien sean", {"sean"}),
        ("O’Malley", {"brid"}),
        ("Muller", {"muller"}),
        ("Zoe", {"zoe"}),
        ("ｚｏë", {"zoe"}),
        ("ibrahim", {"ibrahim"}),
        ("lukasz strauss", {"lukasz"}),
        ("\u200bzo\u00ade\u202c", {"zoe"}),
        ("619‑555‑0142", ALL),
        ("\u202a(619) 555-0142\u202c", ALL),
        ("tel:+16195550142", ALL),
        ("+1 619 555 0142", ALL),
        ("011 1 619 555 0142", ALL),
        ("(619) 555-0142 ext. 4471", ALL),
        ("555 0142", ALL),
        ("555 0143", set()),
        ("4471", ALL),
        ("\u200e", ALL),
        ("  ", ALL),
        ("’", {"sean", "brid"}),
        ("jose nobody", set()),
    ],
)
def test_what_is_written_alike_is_found(search: Search, q: str, found: set[str]) -> None:
    assert search(q) == found


@pytest.mark.parametrize(
    ("country", "kept", "q"),
    [
        ("GB", "+442079460958", "020 7946 0958"),
        ("GB", "+442079460958", "+44 (0)20 7946 0958"),
        ("GB", "+442079460958", "0044 20 7946 0958"),
        ("AU", "+61255501234", "(02) 5550 1234"),
        ("US", "+442079460958", "011 44 20 7946 0958"),
        ("US", "ask for Bob, 555-0142", "555 0142"),
        ("GB", "020 7946 0958", "+44 20 7946 0958"),
        ("GB", "+442079460958", "020 7946 09"),
    ],
)
def test_a_number_is_found_nationally_and_internationally(country: str, kept: str, q: str) -> None:
    assert is_found(make_job(phone=kept), q, country)
    assert not is_found(make_job(phone=kept), q[:-1] + "7", country)


def test_a_board_of_thousands_is_searched_without_folding_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each job's words are made ready once, not at each poll."""
    folds: list[str] = []

    def counted(text: str) -> str:
        folds.append(text)
        return text

    monkeypatch.setattr("dispatch.domain.search.folded", counted)
    book = [make_job(id=f"once{each}") for each in range(50)]
    for _ in range(3):
        assert not [job for job in book if Filters(q="nowhere").let_through(job, BUSINESS)]
    assert len(folds) == 50 + 1
