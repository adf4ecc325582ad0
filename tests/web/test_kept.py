"""`{% kept %}`: a part of a page is made once for all who see the same, and for nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.template import RequestContext, Template, TemplateSyntaxError
from django.test import Client, RequestFactory
from django.utils.safestring import mark_safe
from django.utils.translation import override
from msgspec.structs import replace

from dispatch.domain.business import Business
from dispatch.stores.job_repository import JobRepository
from tests.making import BUSINESS, NOON, FakeClock, make_job, seconds
from tests.web.pages import text, words

Shows = Callable[..., str]


@pytest.fixture
def shows() -> Callable[[str], Shows]:
    def of(source: str) -> Shows:
        template = Template(source)
        request: Any = RequestFactory().get("/")

        def shown(business: Business = BUSINESS, **names: Any) -> str:
            request.business = business
            return template.render(RequestContext(request, names))

        return shown

    return of


def test_it_is_made_once_for_the_same_and_anew_for_another(shows: Callable[[str], Shows]) -> None:
    page = shows("{% kept name=name made=made %}{{ name }}{{ made.pop }}{% endkept %}")
    made = ["third", "second", "first"]
    shown = [page(name=name, made=made) for name in ("a", "a", "b", "a")]
    assert shown == ["afirst", "afirst", "bsecond", "afirst"]


def test_nothing_is_known_inside_but_what_is_named(shows: Callable[[str], Shows]) -> None:
    page = shows(
        "{% kept %}[{{ name }}{{ request }}{{ user }}{{ csrf_token }}{% csrf_token %}]"
        "{{ business.name }}{% endkept %}"
    )
    assert page(name="Mark", user="dana", csrf_token="t") == f"[]{BUSINESS.name}"


def test_what_is_safe_is_not_what_somebody_typed(shows: Callable[[str], Shows]) -> None:
    page = shows("{% kept name=name %}{{ name }}{% endkept %}")
    assert page(name=mark_safe("<b>")) == "<b>"
    assert page(name="<b>") == "&lt;b&gt;"


def test_each_language_business_and_day_has_its_own(
    shows: Callable[[str], Shows], clock: FakeClock
) -> None:
    page = shows("{% kept at=at %}{{ business.name }}: {{ at|clock:business }}{% endkept %}")
    today = page(at=NOON)
    assert f"{BUSINESS.name}: " in today
    assert ">12:00 PM<" in today
    with override("es"):
        assert ">12:00 p.m.<" in page(at=NOON)
    assert page(at=NOON, business=replace(BUSINESS, name="Another")).startswith("Another: ")
    clock.tick(24 * 3600)
    assert ">Fri, May 22, 12:00 PM<" in page(at=NOON)


def test_where_it_is_not_to_be_kept_it_is_made_each_time(shows: Callable[[str], Shows]) -> None:
    page = shows("{% kept when=when names=names %}{{ names.0 }}{% endkept %}")
    names = ["Mark"]
    assert page(when=False, names=names) == "Mark"
    names[0] = "Ann"
    assert page(when=False, names=names) == "Ann"


def test_a_name_without_a_value_is_told() -> None:
    with pytest.raises(TemplateSyntaxError, match="takes name=value, not 'business'"):
        Template("{% kept business %}{% endkept %}")


def test_what_one_visitor_typed_no_other_one_sees(client: Client, jobs: JobRepository) -> None:
    blank = text(client.get("/book/"))
    refused = client.post("/book/", {"customer_name": "Mark", "access_notes": "Gate code 4411"})
    assert "Gate code 4411" in text(refused)
    again = text(client.get("/book/"))
    assert "Mark" not in again
    assert "Gate code" not in again
    keys = [page.partition('name="key" value="')[2][:32] for page in (blank, again)]
    assert keys[0] != keys[1]
    assert blank.replace(keys[0], "") == again.replace(keys[1], "")


def test_what_is_left_of_a_window_is_said_as_it_is_now(
    client: Client, jobs: JobRepository, clock: FakeClock
) -> None:
    def left() -> str:
        page = words(client.get("/book/"))
        return page.partition("Sat, May 23 Morning: ")[2].partition(" Afternoon")[0]

    everything = left()
    assert everything == "8 left"
    morning = BUSINESS.windows[0].on(NOON.date().replace(day=23))
    jobs.change(lambda book: book.put(make_job(window=morning, created_at=clock.now())))
    assert left() == "7 left"  # somebody asks for it
    clock.tick(BUSINESS.hold_hours * 3600 - 1)
    assert left() == "7 left"
    clock.at += seconds(1)  # and the hold of a request has its end
    assert left() == "8 left"
