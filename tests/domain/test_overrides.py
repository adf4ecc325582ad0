"""What a dispatcher has set over the businesses file, in a document and in a table."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from dispatch.domain.business import Business, Limit
from dispatch.domain.planning.overrides import CLOSED, OPEN, Overrides, Subject, in_force
from dispatch.stores.document_ledger import DocumentLedger
from dispatch.stores.dynamodb import Table
from dispatch.stores.repository import LedgerStore, OverridesRepository, Repository
from dispatch.stores.table import kinds
from dispatch.stores.table.ledger import TableLedger
from tests.making import BUSINESS, NOON
from tests.memory import MemoryStore
from tests.memory_table import MemoryTable
from tests.opening import AS_IN_COMMANDS

EVE = date(2026, 12, 24)
CHRISTMAS = date(2026, 12, 25)
MORNING = Subject("places", EVE, "morning")


def with_all(*given: tuple[Subject, Decimal | None], of: Business = BUSINESS) -> Business:
    known = Overrides()
    for subject, value in given:
        known = known.with_value(subject, value, by="dana", at=NOON)
    return in_force(of, known)


def test_nothing_set_is_the_business_itself() -> None:
    assert with_all() is BUSINESS
    assert with_all((Subject("closed", EVE), CLOSED), (Subject("closed", EVE), None)) is BUSINESS


def test_days_places_and_prices_are_laid_over_the_file() -> None:
    business = with_all(
        (Subject("closed", EVE), CLOSED),
        (Subject("closed", CHRISTMAS), OPEN),
        (MORNING, Decimal(3)),
        (Subject("load", None, "full"), Decimal("650.50")),
        (Subject("item", None, "mattress"), Decimal(45)),
    )
    assert EVE in business.closed
    assert CHRISTMAS in BUSINESS.closed
    assert CHRISTMAS not in business.closed
    assert business.limit(EVE, "morning") == 3
    assert business.limit(EVE, "afternoon") is None
    prices = {offer.name: offer.price for offer in (*business.loads, *business.items)}
    assert (prices["full"], prices["half"], prices["mattress"]) == (Decimal("650.50"), 320, 45)


def test_the_smaller_of_two_limits_holds() -> None:
    strict = replace(BUSINESS, limits=(Limit(date=EVE, window="morning", places=2),))
    assert with_all((MORNING, Decimal(3)), of=strict).limit(EVE, "morning") == 2


def test_what_is_offered_no_more_changes_nothing() -> None:
    business = with_all((Subject("load", None, "giant"), Decimal(1)))
    assert business.loads == BUSINESS.loads


def test_who_set_what_stays() -> None:
    known = Overrides().with_value(MORNING, Decimal(3), by="dana", at=NOON)
    known = known.with_value(MORNING, None, by="lena", at=NOON)
    override = known.value(str(MORNING))
    assert override is not None
    assert override.version == 2
    told = [(each.by, each.before, each.after) for each in override.history]
    assert told == [("dana", None, 3), ("lena", 3, None)]
    assert known.with_value(MORNING, None, by="joel", at=NOON) is known


@pytest.mark.parametrize(
    "text",
    ["", "closed", "closed someday", "closed 2026-12-24 morning", "places 2026-12-24", "x y"],
)
def test_what_can_not_be_set_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):
        Subject.of(text)


@pytest.fixture(params=["document", "table"])
def repository(request: pytest.FixtureRequest) -> OverridesRepository:
    store: LedgerStore[Overrides]
    if request.param == "document":
        store = DocumentLedger(MemoryStore(), Overrides)
    else:
        client = MemoryTable()
        store = TableLedger(Table("crew", lambda: client), kinds.overrides("quickdumpnow"))
    return Repository(store, **AS_IN_COMMANDS)


def test_it_is_stored_and_read_back(repository: OverridesRepository) -> None:
    for count in (3, 2):
        repository.change(
            lambda known, count=count: known.with_value(  # type: ignore[misc]
                MORNING, Decimal(count), by="dana", at=NOON
            )
        )
    stored = repository.refreshed(at_once=True)
    assert (stored.revision, stored.of(MORNING)) == (2, 2)
    assert in_force(BUSINESS, stored).limit(EVE, "morning") == 2
