"""Promoting and rolling back: one write moves production, and it is whole at every moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dispatch.domain.document import Document, StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.edge.cloudfront import CloudFrontRefused, TestRun
from qdn_site.edge.table import prove
from qdn_site.releases import ReleaseError, publish
from qdn_site.releases import pointer as pointers
from qdn_site.releases.check import NotArrived
from qdn_site.releases.pack import Pack, pack_function
from qdn_site.releases.pointer import IMAGE, Move, Pointer
from qdn_site.releases.publish import Plan, carry_out
from qdn_site.releases.surfaces import EDGE
from qdn_site.releases.target import Target
from tests.making import NOON
from tests.releases.fakes import FakeDistribution, FakeFunction, FakeSite, MemoryReleases, running
from tests.releases.making import a_pack

OLD, NEW, NEWER = b"// the old function", b"// the new function", b"// a newer function"
BOOK = ("/", "/book", "/book/")


def target(stage: Any, function: FakeFunction, distribution: FakeDistribution) -> Target:
    return Target(
        name=stage,
        store=MemoryReleases(stage),
        url="",
        dashboard_url="",
        function=function,  # type: ignore[arg-type]
        distributions={stage: distribution.id},
        distribution=lambda id: distribution,  # type: ignore[arg-type, return-value]
    )


@dataclass
class World:
    """Staging and production of a business; the site shows what production's pointer says."""

    edge: FakeFunction = field(default_factory=lambda: FakeFunction(stages={"LIVE": OLD}))
    caches: FakeDistribution = field(default_factory=FakeDistribution)
    staging: Target = field(init=False)
    production: Target = field(init=False)
    site: FakeSite = field(init=False)

    def __post_init__(self) -> None:
        self.staging = target("staging", FakeFunction("staging"), FakeDistribution())
        self.production = target("production", self.edge, self.caches)
        self.site = FakeSite(self.production.store)

    @property
    def store(self) -> MemoryReleases:
        assert isinstance(self.production.store, MemoryReleases)
        return self.production.store

    def stage(
        self,
        sentence: str = "",
        code: bytes = b"",
        surface: str = "book",
        pages_api: int = PAGES_API,
    ) -> str:
        """The id of what was staged: of the pages, where there are any."""
        pages = [a_pack(sentence, surface, pages_api)] if sentence else []
        packs: list[Pack] = [*pages, *([pack_function(code)] if code else [])]
        do(publish.plan_stage(self.staging, packs, "joel", NOON))
        return packs[0].id

    def promotion(self, *surfaces: str, by: str = "joel") -> Plan:
        return publish.plan_promote(self.staging, self.production, surfaces, by, NOON)

    def promote(self, *surfaces: str) -> list[str]:
        return do(self.promotion(*surfaces))

    def release(self, sentence: str = "", code: bytes = b"", surface: str = "book") -> str:
        """Staged and promoted; its id."""
        id = self.stage(sentence, code, surface)
        self.promote()
        return id

    def back(self, *surfaces: str, to: str = "") -> Plan:
        return publish.plan_rollback(self.production, surfaces, to, "joel", NOON)

    def rollback(self, *surfaces: str, to: str = "") -> list[str]:
        return do(self.back(*surfaces, to=to))

    @property
    def pointer(self) -> Pointer:
        return pointers.decode(pointers.read(self.store))

    @property
    def last(self) -> Move:
        return self.pointer.moves[0]

    def shown(self, surface: str = "book") -> str:
        return self.pointer.place(surface).current

    @property
    def invalidated(self) -> tuple[str, ...]:
        return list(self.caches.batches.values())[-1]

    @contextmanager
    def online(self) -> Iterator[None]:
        with running(self.site) as url:
            self.production = replace(self.production, url=url, dashboard_url=url)
            yield


def do(plan: Plan) -> list[str]:
    return list(carry_out(plan, lambda: NOON, timeout=0))


# A word of the first line that each step tells.
PROVED, COPIED, MOVED, PUBLISHED = "every hash is right", "verified", "points to", "is live"
CHECKED, INVALIDATED, NOTED = "new connections", "invalidation ", "is done"
STEPS = (PROVED, COPIED, MOVED, PUBLISHED, CHECKED, INVALIDATED, NOTED)


def interrupted(plan: Plan, last: str = MOVED) -> Iterator[str]:
    """Up to the first line of that step: dropped, it is as after SIGKILL."""
    steps = carry_out(plan, lambda: NOON, timeout=0)
    assert any(last in line for line in steps)
    return steps


@pytest.fixture
def world() -> World:
    return World()


# --- promoting ---------------------------------------------------------------------------


def test_what_is_staged_shows_on_staging_and_not_in_production(world: World) -> None:
    made = world.stage("New words.")
    staged = pointers.decode(pointers.read(world.staging.store))
    assert staged.pages["book"] == made
    assert world.shown() == IMAGE


def test_production_moves_in_one_write_and_says_who_when_what_and_how_it_arrived(
    world: World,
) -> None:
    with world.online():
        made = world.stage("New words.", NEW)
        world.stage("New words.", surface="track")
        done = do(world.promotion(by="dana"))
    assert "8 new connections" in " ".join(done)
    assert world.pointer.revision == 1
    assert set(world.last.surfaces) == {"book", "track", EDGE}
    assert (world.last.by, world.last.at, world.last.action) == ("dana", NOON, "promote")
    assert world.last.arrived is not None
    assert world.last.arrived.looked
    assert world.last.arrived.invalidations == {"E1": "I1"}
    assert world.shown() == made
    assert world.edge.stages["LIVE"] == NEW


def test_promoting_again_does_nothing(world: World) -> None:
    world.release("New words.", NEW)
    assert world.promote() == []
    assert world.pointer.revision == 1


def test_a_surface_alone_is_promoted_checked_and_invalidated(world: World) -> None:
    with world.online():
        world.stage("New words.", NEW)
        done = world.promote("book")
    assert "/dashboard/" not in " ".join(done)
    assert world.invalidated == BOOK
    assert world.edge.stages == {"LIVE": OLD}


def test_the_edge_alone_is_promoted_and_seen_on_a_page_of_every_surface(world: World) -> None:
    with world.online():
        world.stage("New words.", NEW)
        done = world.promote(EDGE)
    for page in ("/dashboard/login/", "/track/no-such-link-0000", "/book/"):
        assert f"{page} answers" in " ".join(done)
    assert world.edge.stages["LIVE"] == NEW
    assert world.shown() == IMAGE
    assert {"/track.html", "/book", "/dashboard/*"} <= set(world.invalidated)


def test_where_no_distribution_is_configured_the_edge_is_skipped(world: World) -> None:
    world.stage("New words.", NEW)
    world.production = replace(world.production, function=None)
    assert set(world.promotion().changes) == {"book"}
    assert world.promote(EDGE) == []


def test_what_is_not_on_staging_cannot_be_promoted(world: World) -> None:
    world.stage("New words.")
    with pytest.raises(ReleaseError, match="Nothing of track is on staging"):
        world.promote("track")


@pytest.mark.parametrize("last", STEPS)
def test_a_promotion_that_ends_at_any_step_leaves_production_whole_and_the_next_finishes(
    world: World, last: str
) -> None:
    with world.online():
        before = world.release("Before.", NEW)
        after = world.stage("After.", NEWER)
        interrupted(world.promotion(), last)
        assert world.shown() in (before, after)
        assert world.edge.stages["LIVE"] in (NEW, NEWER)
        world.promote()
    assert world.shown() == after
    assert world.edge.stages["LIVE"] == NEWER
    assert set(BOOK) <= set(world.invalidated)
    assert not world.pointer.interrupted
    assert world.promote() == []


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told(world: World) -> None:
    world.stage("New words.", NEW)
    first = world.promotion(by="dana")
    world.stage(code=NEWER)
    late = world.promotion(by="ana")
    do(first)
    with pytest.raises(ReleaseError, match=r"dana \(promote book, edge\) moved production"):
        do(late)
    assert world.edge.stages["LIVE"] == NEW


def test_a_race_lost_at_the_last_moment_publishes_nothing(world: World) -> None:
    world.release("One.", NEW)
    world.stage("Two.", NEWER)
    late = interrupted(world.promotion(by="ana"), COPIED)
    world.rollback("book")
    with pytest.raises(ReleaseError, match="nothing of yours is live"):
        list(late)
    assert world.edge.stages["LIVE"] == NEW


class LosesAnswers:
    """A pointer whose writes happen (or not), and whose answers are lost."""

    def __init__(self, store: MemoryReleases, happens: bool) -> None:
        self.inner, self.happens = store.document, happens

    def load(self, known: Document | None = None) -> Document:
        return self.inner.load(known)

    def save(self, body: bytes, if_match: str | None) -> Document:
        if self.happens:
            self.inner.save(body, if_match)
        raise StoreUnavailable("the answer was lost")


def test_a_promotion_whose_answers_are_lost_is_done_all_the_same(world: World) -> None:
    made = world.stage("New words.")
    world.store.document = LosesAnswers(world.store, True)  # type: ignore[assignment]
    world.promote()
    assert world.shown() == made
    assert not world.pointer.interrupted


def test_a_write_that_did_not_happen_is_told(world: World) -> None:
    world.stage("New words.")
    world.store.document = LosesAnswers(world.store, False)  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable, match="production: the answer was lost"):
        world.promote()
    assert world.shown() == IMAGE


def test_a_note_that_meets_somebody_elses_move_is_made_beside_it(world: World) -> None:
    world.stage("New words.")
    world.stage("New words.", surface="track")
    first = interrupted(world.promotion("book"), INVALIDATED)
    interrupted(world.promotion("track"))
    list(first)
    assert [move.arrived is not None for move in world.pointer.moves] == [False, True]


# --- what does not arrive ----------------------------------------------------------------


def test_what_does_not_arrive_is_put_back_pages_and_function(world: World) -> None:
    with world.online():
        before = world.release("Before.", NEW)
        world.stage("After.", NEWER)
        world.site.shows = False
        with pytest.raises(NotArrived, match="was put back as it was: book, edge"):
            world.promote()
    assert (world.shown(), world.edge.stages["LIVE"]) == (before, NEW)
    assert world.last.action == "put back"
    assert not world.pointer.interrupted


@pytest.mark.parametrize("last", STEPS[2:-1])
def test_an_interrupted_promotion_is_put_back_by_the_run_that_finishes_it(
    world: World, last: str
) -> None:
    with world.online():
        before = world.release("Before.", NEW)
        world.stage("After.", NEWER)
        interrupted(world.promotion(), last)
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back as it was: book, edge"):
            world.promote()
    assert (world.shown(), world.edge.stages["LIVE"]) == (before, NEW)
    assert not world.pointer.interrupted


def test_several_interrupted_promotions_are_put_back_together(world: World) -> None:
    with world.online():
        world.stage("Words.", NEW)
        world.stage("Words.", surface="track")
        interrupted(world.promotion("book"))
        interrupted(world.promotion("track", EDGE))
        world.site.page_status = 500
        with pytest.raises(NotArrived, match=r"answers 500.* as it was: track, book, edge"):
            world.promote()
    assert world.pointer.pages == {"dashboard": IMAGE, "track": IMAGE, "book": IMAGE}
    assert world.edge.stages["LIVE"] == OLD


def test_a_promotion_over_an_interrupted_rollback_is_put_back_to_what_that_shows(
    world: World,
) -> None:
    with world.online():
        first = world.release("First.")
        world.release("Second.")
        interrupted(world.back())
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back"):
            world.promote()
    assert world.shown() == first


def test_what_is_live_and_cannot_be_put_back_is_told(world: World) -> None:
    with world.online():
        world.release("Before.")
        after = world.stage("After.")
        world.site.page_status = 500
        steps = interrupted(world.promotion(), CHECKED)
        world.store.out_of_reach = True
        with pytest.raises(NotArrived, match=r"answers 500.*nobody answers") as error:
            list(steps)
        world.store.out_of_reach = False
    assert str(error.value).endswith("look at `releases`, then run `manage.py rollback book`")
    assert world.shown() == after


def test_a_function_that_cloudfront_refuses_puts_the_pages_back(world: World) -> None:
    before = world.release("Before.", NEW)
    world.stage("After.", NEWER)
    world.edge.refuses = True
    with pytest.raises(NotArrived, match=r"changed the function meanwhile; .* put back"):
        world.promote()
    assert (world.shown(), world.edge.stages["LIVE"]) == (before, NEW)


def test_the_first_function_of_all_stays_where_its_pages_are_put_back(world: World) -> None:
    world.edge.stages.clear()
    with world.online():
        world.stage("Words.", NEW)
        world.site.page_status = 500
        with pytest.raises(NotArrived, match=r"was put back as it was: book$"):
            world.promote()
    assert world.edge.stages["LIVE"] == NEW


def test_what_others_moved_meanwhile_stays_as_they_left_it(world: World) -> None:
    with world.online():
        world.stage("Words.")
        world.stage("Words.", surface="track")
        steps = interrupted(world.promotion("book"))
        interrupted(world.promotion("track"))
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="moved by somebody else meanwhile"):
            list(steps)
    assert world.shown() != IMAGE


# --- what must not be promoted -----------------------------------------------------------


def test_pages_for_newer_code_wait_until_that_is_deployed(world: World) -> None:
    with world.online():
        made = world.stage("Newer.", pages_api=PAGES_API + 1)
        with pytest.raises(ReleaseError, match=f"deploy an image with PAGES_API {PAGES_API + 1} f"):
            world.promote()
        assert world.shown() == IMAGE
        world.site.pages_api = PAGES_API + 1
        world.promote()
        assert world.shown() == made


def test_a_site_that_does_not_say_what_it_serves_is_none_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.site, "health", lambda: {"releases": {}})
    with world.online():
        world.stage("Words.")
        with pytest.raises(NotArrived, match="not as a site of ours does"):
            world.promote()


def test_a_release_that_was_tampered_with_on_staging_goes_nowhere(world: World) -> None:
    made = world.stage("Words.")
    assert isinstance(world.staging.store, MemoryReleases)
    world.staging.store.blobs[f"manifests/{made}.json"] += b" "
    with pytest.raises(ReleaseError, match=rf"^staging: release {made[:12]}: .*SHA-256 differs"):
        world.promote()
    assert world.shown() == IMAGE


def test_something_else_under_a_releases_name_is_noticed(world: World) -> None:
    made = world.stage("Words.")
    world.store.put(f"manifests/{made}.json", b"something else")
    with pytest.raises(ReleaseError, match=r"^production: .*; remove that "):
        world.promote()
    assert world.shown() == IMAGE


def test_a_damaged_live_release_does_not_block_another(world: World) -> None:
    made = world.release("Before.")
    world.store.blobs[f"manifests/{made}.json"] = b"rubbish"
    after = world.release("After.")
    assert world.shown() == after


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (TestRun({}, 1, ""), "event an-address-that-begins-like-book: "),
        (TestRun({}, 1, "x is not defined"), "x is not defined"),
        (TestRun({}, 51, ""), "takes 51 %"),
    ],
)
def test_a_function_that_fails_the_event_table_is_not_published(
    world: World, run: TestRun, why: str
) -> None:
    world.stage("Words.", NEW)
    world.edge.run = lambda event: run
    with pytest.raises(CloudFrontRefused, match=why):
        world.promote()
    assert world.edge.stages["LIVE"] == OLD
    assert world.shown() == IMAGE


def test_a_busy_machine_is_no_reason_to_refuse_a_function() -> None:
    function, slow = FakeFunction(), iter([90, 60])
    fast = function.run
    function.run = lambda event: replace(fast(event), utilization=next(slow, 12))
    told = list(prove(function, function.put_up(NEW)))  # type: ignore[arg-type]
    assert "events as expected" in told[-1]


# --- a pointer that is gone --------------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"schema": 2}', b"[" * 5000])
def test_a_pointer_that_is_gone_or_empty_is_refused_with_the_mend(
    world: World, body: bytes | None
) -> None:
    world.release("First.")
    world.release("Second.")
    interrupted(world.back(), "not looked")
    whole = world.store.document.load().body
    world.store.lose_pointer(body)
    for plan in (world.promotion, world.back):
        with pytest.raises(ReleaseError, match=r"^production: pointer.json ") as error:
            plan()
        assert "put memory:/pointers/000003.json back as pointer.json" in str(error.value)
    world.store.lose_pointer(world.store.blobs["pointers/000003.json"])
    assert world.store.document.load().body == whole
    assert world.pointer.interrupted


def test_an_old_pointer_in_the_place_of_the_last_is_refused(world: World) -> None:
    world.release("First.")
    old = world.store.document.load().body
    world.release("Second.")
    world.store.lose_pointer(old)
    with pytest.raises(ReleaseError, match=r"shows move 1, not its last.*000002\.json"):
        world.promote()


def test_a_copy_that_an_interruption_left_out_is_made_by_the_next(world: World) -> None:
    world.stage("First.")
    interrupted(world.promotion())
    assert "pointers/000001.json" not in world.store.blobs
    world.release("Second.")
    assert {"pointers/000001.json", "pointers/000002.json"} <= set(world.store.blobs)


# --- rolling back ------------------------------------------------------------------------


def test_a_rollback_takes_back_the_last_promotion_alone_function_included(world: World) -> None:
    first = world.release("First.", NEW)
    track = world.release("Words.", surface="track")
    world.release("Second.", NEWER)
    done = world.rollback()
    assert (world.shown(), world.shown("track")) == (first, track)
    assert world.edge.stages["LIVE"] == NEW
    assert "production points to book" in " ".join(done)
    assert world.last.arrived is not None


def test_the_first_promotion_rolls_back_to_the_image_and_the_function_that_was_there(
    world: World,
) -> None:
    world.release("Words.", NEW)
    world.rollback()
    assert world.shown() == IMAGE
    assert world.edge.stages["LIVE"] == OLD


def test_the_edge_alone_is_rolled_back_though_the_table_has_changed_since(world: World) -> None:
    made = world.release("Words.", NEW)
    world.release(code=NEWER)
    world.edge.run = lambda event: TestRun({}, 1, "not as the table says")
    world.rollback(EDGE)
    assert (world.shown(), world.edge.stages["LIVE"]) == (made, NEW)


def test_a_function_that_somebody_published_by_hand_is_seen_and_mended(world: World) -> None:
    world.release("Words.", NEW)
    world.edge.stages["LIVE"] = b"// by hand"
    assert world.promotion().changes[EDGE].old == pack_function(b"// by hand").id
    world.promote()
    assert world.edge.stages["LIVE"] == NEW
    assert world.promote() == []
    world.rollback(EDGE)  # it can be had back, too
    assert world.edge.stages["LIVE"] == b"// by hand"


def test_rolling_back_twice_goes_back_two(world: World) -> None:
    ids = [world.release(f"Sentence {number}.") for number in range(3)]
    world.rollback("book")
    world.rollback("book")
    assert world.shown() == ids[0]


@pytest.mark.parametrize("last", STEPS[2:-1])
@pytest.mark.parametrize("surfaces", [(), ("book",)])
def test_a_rollback_that_was_interrupted_is_finished_and_goes_back_no_further(
    world: World, surfaces: tuple[str, ...], last: str
) -> None:
    with world.online():
        for number in range(3):
            world.release(f"Sentence {number}.", b"// %d" % number)
        second = world.pointer.place("book").previous[0]
        interrupted(world.back(), last)
        world.rollback(*surfaces)
    assert world.shown() == second
    assert world.edge.stages["LIVE"] == b"// 1"
    assert not world.pointer.interrupted


def test_after_an_interrupted_rollback_another_release_can_be_named(world: World) -> None:
    for number in range(3):
        world.release(f"Sentence {number}.")
    interrupted(world.back())
    world.rollback("book", to=IMAGE)
    assert world.shown() == IMAGE


def test_a_release_can_be_named_by_how_it_begins(world: World) -> None:
    ids = [world.release(f"Sentence {number}.") for number in range(3)]
    world.rollback(to=ids[0][:8])
    assert world.shown() == ids[0]
    world.rollback(to=ids[2][:8])  # forward again: it was good after all
    assert world.shown() == ids[2]


def test_what_is_not_there_cannot_be_rolled_back_to(world: World) -> None:
    for surfaces, to, why in (
        ((), "", "Nothing was ever promoted"),
        (("book",), "", "nothing before that"),
        ((), "abc", "No release of production begins with 'abc'"),
    ):
        with pytest.raises(ReleaseError, match=why):
            world.rollback(*surfaces, to=to)


def test_a_rollback_to_a_release_that_is_damaged_is_refused(world: World) -> None:
    first, second = world.release("First."), world.release("Second.")
    world.store.blobs[f"manifests/{first}.json"] += b" "
    with pytest.raises(ReleaseError, match=r"^production: .*SHA-256 differs"):
        world.rollback()
    assert world.shown() == second


def test_a_rollback_is_not_undone_because_it_is_slow_to_arrive(world: World) -> None:
    with world.online():
        first = world.release("First.")
        world.release("Second.")
        world.site.shows = False
        with pytest.raises(NotArrived):
            world.rollback()
    assert world.shown() == first
