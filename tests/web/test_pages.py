"""What all public pages have in common."""

import pytest
from django.test import Client

from tests.making import TOKEN, make_job
from tests.web.pages import text


@pytest.mark.parametrize("page", ["/", "/book/"])
def test_a_link_in_a_chat_shows_a_picture_from_a_whole_address(client: Client, page: str) -> None:
    shown = text(client.get(page))
    assert '<meta property="og:image" content="http://testserver/static/site/preview' in shown
    assert f'<link rel="canonical" href="http://testserver{page}">' in shown
    assert '<meta name="twitter:card" content="summary_large_image">' in shown


def test_the_preview_of_a_tracking_link_tells_nothing(client: Client, jobs: object) -> None:
    jobs.change(lambda book: book.put(make_job()))  # type: ignore[attr-defined]
    head = text(client.get(f"/track/{TOKEN}")).partition("</head>")[0]
    assert "og:image" in head
    assert TOKEN not in head
    assert "Mark" not in head
    assert "Soderblom" not in head


def test_hours_stay_on_one_line(client: Client) -> None:
    assert "8\N{NO-BREAK SPACE}AM–12\N{NO-BREAK SPACE}PM" in text(client.get("/book/"))


def test_browsers_find_the_icon_where_they_look_for_it(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"].startswith("/static/site/icon")
    assert 'rel="apple-touch-icon"' in text(client.get("/"))
