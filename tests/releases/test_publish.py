"""Promoting and rolling back: one write moves production, and it is whole at every moment."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from dispatch.domain.stored.document import Document, StoreUnavailable
from qdn_site import PAGES_API
from qdn_site.edge.cloudfront import CloudFrontRefused, TestRun
from qdn_site.edge.table import prove
from qdn_site.releases import ReleaseError, publish
from qdn_site.releases import pointer as pointers
from qdn_site.releases.check import NotArrived
from qdn_site.releases.pack import Pack, fetch, pack_function
from qdn_site.releases.pointer import IMAGE, Arrival, Move, Pointer
from qdn_site.releases.publish import Plan, carry_out
from qdn_site.releases.surfaces import EDGE
from qdn_site.releases.target import Target
from tests.listening import listening
from tests.making import NOON
from tests.releases.fakes import FakeDistribution, FakeFunction, FakeSite, MemoryReleases
from tests.releases.making import a_pack

OLD, NEW, NEWER = b"// the old function", b"// the new function", b"// a newer function"
BOOK = ("/", "/book", "/book/", "/privacy/")
# A word of the first line that each step tells.
PROVED, COPIED, MOVED, PUBLISHED = "every hash is right", "verified", "points to", "is live"
CHECKED, INVALIDATED, NOTED = "new connections", "invalidation ", "is done"
STEPS = (PROVED, COPIED, MOVED, PUBLISHED, CHECKED, INVALIDATED, NOTED)


def target(stage: Any, function: FakeFunction, distribution: FakeDistribution) -> Target:
    return Target(
        name=stage,
        store=MemoryReleases(stage),  # type: ignore[arg-type]
        function=function,  # type: ignore[arg-type]
        distributions={stage: distribution.id},
        distribution=lambda id: distribution,  # type: ignore[arg-type, return-value]
    )


class World:
    """Staging and production of a business; the site shows what production's pointer says."""

    def __init__(self) -> None:
        self.edge, self.caches = FakeFunction(stages={"LIVE": OLD}), FakeDistribution()
        self.staging = target("staging", FakeFunction("staging"), FakeDistribution())
        self.production = target("production", self.edge, self.caches)
        self.store: Any = self.production.store
        self.site = FakeSite(self.store)

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
    def live(self) -> bytes:
        """The function at the edge."""
        return self.edge.stages["LIVE"]

    @property
    def invalidated(self) -> tuple[str, ...]:
        return list(self.caches.batches.values())[-1]


def do(plan: Plan) -> list[str]:
    return list(carry_out(plan, lambda: NOON, timeout=0))


def interrupted(plan: Plan, last: str = MOVED) -> Iterator[str]:
    """Up to the first line of that step: dropped, it is as after SIGKILL."""
    steps = carry_out(plan, lambda: NOON, timeout=0)
    assert any(last in line for line in steps)
    return steps


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def online(world: World) -> Iterator[World]:
    """With a site that can be looked at."""
    with listening(world.site) as url:
        world.production = replace(world.production, url=url, dashboard_url=url)
        yield world


# --- promoting ---------------------------------------------------------------------------


def test_production_moves_in_one_write_and_says_who_when_what_and_how_it_arrived(
    online: World,
) -> None:
    made = online.stage("New words.", NEW)
    online.stage("New words.", surface="track")
    done = do(online.promotion(by="dana"))
    assert "8 new connections" in " ".join(done)
    last = online.last
    assert (online.pointer.revision, set(last.surfaces)) == (1, {"book", "track", EDGE})
    assert (last.by, last.at, last.action) == ("dana", NOON, "promote")
    assert last.arrived == Arrival(NOON, True, {"E1": "I1"})
    assert (online.shown(), online.live) == (made, NEW)


def test_a_surface_alone_is_promoted_checked_and_invalidated(online: World) -> None:
    online.stage("New words.", NEW)
    done = online.promote("book")
    assert "/dashboard/" not in " ".join(done)
    assert (online.invalidated, online.live) == (BOOK, OLD)


def test_the_edge_alone_is_promoted_and_seen_on_a_page_of_every_surface(online: World) -> None:
    online.stage("New words.", NEW)
    done = " ".join(online.promote(EDGE))
    for page in ("/dashboard/login/", "/track/no-such-link-0000", "/book/"):
        assert f"{page} answers" in done
    assert (online.shown(), online.live) == (IMAGE, NEW)
    assert {"/track.html", "/book", "/dashboard/*"} <= set(online.invalidated)


def test_where_no_distribution_is_configured_the_edge_is_skipped(world: World) -> None:
    world.stage("New words.", NEW)
    world.production = replace(world.production, function=None)
    assert set(world.promotion().changes) == {"book"}
    assert world.promote(EDGE) == []


def test_what_is_not_on_staging_cannot_be_promoted(world: World) -> None:
    world.stage("New words.")
    with pytest.raises(ReleaseError, match="Nothing of track is on staging"):
        world.promote("track")


def test_of_a_staging_that_shows_no_release_nothing_is_promoted(world: World) -> None:
    with pytest.raises(ReleaseError, match=r"Nothing is on staging, in .*: run `stage` first"):
        world.promote()


@pytest.mark.parametrize("last", STEPS)
def test_a_promotion_that_ends_at_any_step_leaves_production_whole_and_the_next_finishes(
    online: World, last: str
) -> None:
    before = online.release("Before.", NEW)
    after = online.stage("After.", NEWER)
    interrupted(online.promotion(), last)
    assert online.shown() in (before, after)
    assert online.live in (NEW, NEWER)
    online.promote()
    assert (online.shown(), online.live) == (after, NEWER)
    assert set(BOOK) <= set(online.invalidated)
    assert not online.pointer.interrupted
    assert online.promote() == []


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told(world: World) -> None:
    world.stage("New words.", NEW)
    first = world.promotion(by="dana")
    world.stage(code=NEWER)
    late = world.promotion(by="ana")
    do(first)
    with pytest.raises(ReleaseError, match=r"dana \(promote book, edge\) moved production"):
        do(late)
    assert world.live == NEW


def test_a_race_lost_at_the_last_moment_publishes_nothing(world: World) -> None:
    world.release("One.", NEW)
    world.stage("Two.", NEWER)
    late = interrupted(world.promotion(by="ana"), COPIED)
    world.rollback("book")
    with pytest.raises(ReleaseError, match="nothing of yours is live"):
        list(late)
    assert world.live == NEW


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
    world.store.document = LosesAnswers(world.store, True)
    world.promote()
    assert world.shown() == made
    assert not world.pointer.interrupted


def test_a_write_that_did_not_happen_is_told(world: World) -> None:
    world.stage("New words.")
    world.store.document = LosesAnswers(world.store, False)
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


def refused(call: Callable[[], object], why: str) -> None:
    with pytest.raises(NotArrived, match=why):
        call()


def test_what_does_not_arrive_is_put_back_pages_and_function(online: World) -> None:
    before = online.release("Before.", NEW)
    online.stage("After.", NEWER)
    online.site.shows = False
    refused(online.promote, "was put back as it was: book, edge")
    assert (online.shown(), online.live) == (before, NEW)
    assert online.last.action == "put back"
    assert not online.pointer.interrupted


@pytest.mark.parametrize("last", STEPS[2:-1])
def test_an_interrupted_promotion_is_put_back_by_the_run_that_finishes_it(
    online: World, last: str
) -> None:
    before = online.release("Before.", NEW)
    online.stage("After.", NEWER)
    interrupted(online.promotion(), last)
    online.site.page_status = 500
    refused(online.promote, "was put back as it was: book, edge")
    assert (online.shown(), online.live) == (before, NEW)
    assert not online.pointer.interrupted


def test_several_interrupted_promotions_are_put_back_together(online: World) -> None:
    online.stage("Words.", NEW)
    online.stage("Words.", surface="track")
    interrupted(online.promotion("book"))
    interrupted(online.promotion("track", EDGE))
    online.site.page_status = 500
    refused(online.promote, r"answers 500.* as it was: track, book, edge")
    assert online.pointer.pages == {"dashboard": IMAGE, "track": IMAGE, "book": IMAGE}
    assert online.live == OLD


def test_a_promotion_over_an_interrupted_rollback_is_put_back_to_what_that_shows(
    online: World,
) -> None:
    first = online.release("First.")
    online.release("Second.")
    interrupted(online.back())
    online.site.page_status = 500
    refused(online.promote, "was put back")
    assert online.shown() == first


def test_what_is_live_and_cannot_be_put_back_is_told(online: World) -> None:
    online.release("Before.")
    after = online.stage("After.")
    online.site.page_status = 500
    steps = interrupted(online.promotion(), CHECKED)
    online.store.out_of_reach = True
    mend = "look at `releases`, then run `manage.py rollback book`$"
    refused(lambda: list(steps), f"answers 500.*nobody answers.*{mend}")
    online.store.out_of_reach = False
    assert online.shown() == after


def test_a_function_that_cloudfront_refuses_puts_the_pages_back(world: World) -> None:
    before = world.release("Before.", NEW)
    world.stage("After.", NEWER)
    world.edge.refuses = True
    refused(world.promote, r"changed the function meanwhile; .* put back")
    assert (world.shown(), world.live) == (before, NEW)


def test_the_first_function_of_all_stays_where_its_pages_are_put_back(online: World) -> None:
    online.edge.stages.clear()
    online.stage("Words.", NEW)
    online.site.page_status = 500
    refused(online.promote, r"was put back as it was: book$")
    assert online.live == NEW


def test_what_others_moved_meanwhile_stays_as_they_left_it(online: World) -> None:
    online.stage("Words.")
    online.stage("Words.", surface="track")
    steps = interrupted(online.promotion("book"))
    interrupted(online.promotion("track"))
    online.site.page_status = 500
    refused(lambda: list(steps), "moved by somebody else meanwhile")
    assert online.shown() != IMAGE


# --- what must not be promoted -----------------------------------------------------------


def test_pages_for_newer_code_wait_until_that_is_deployed(online: World) -> None:
    made = online.stage("Newer.", pages_api=PAGES_API + 1)
    with pytest.raises(ReleaseError, match=f"deploy an image with PAGES_API {PAGES_API + 1} f"):
        online.promote()
    assert online.shown() == IMAGE
    online.site.pages_api = PAGES_API + 1
    online.promote()
    assert online.shown() == made


def test_a_site_that_does_not_say_what_it_serves_is_none_of_ours(
    online: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online.site, "health", lambda: {"releases": {}})
    online.stage("Words.")
    refused(online.promote, "not as a site of ours does")


def test_a_release_that_was_tampered_with_on_staging_goes_nowhere(world: World) -> None:
    made = world.stage("Words.")
    staging: Any = world.staging.store
    staging.blobs[f"manifests/{made}.json"] += b" "
    with pytest.raises(ReleaseError, match=rf"^staging: release {made[:12]}: .*SHA-256 differs"):
        world.promote()
    assert world.shown() == IMAGE


def test_something_else_under_a_releases_name_is_noticed(world: World) -> None:
    made = world.stage("Words.")
    world.store.put(f"manifests/{made}.json", b"something else")
    with pytest.raises(ReleaseError, match=r"^production: .*; remove that "):
        world.promote()
    assert world.shown() == IMAGE


def test_what_a_store_has_lost_of_the_release_that_shows_is_written_anew(world: World) -> None:
    pack = a_pack("Words.")
    world.release("Words.")
    for store, again in (
        (world.staging.store, lambda: world.stage("Words.")),
        (world.store, world.promote),
    ):
        blobs: dict[str, bytes] = store.blobs  # type: ignore[union-attr]
        (name, *_) = [name for name in blobs if name.startswith("blobs/")]
        blobs[name] = b"something else"
        with pytest.raises(ReleaseError, match="remove that and run this again"):
            again()
        del blobs[name]
        before = pointers.read(store)
        again()
        assert fetch(store, pack.id) == pack
        assert pointers.read(store) == before


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
    assert world.live == OLD
    assert world.shown() == IMAGE


def test_a_busy_machine_is_no_reason_to_refuse_a_function() -> None:
    function, slow = FakeFunction(), iter([90, 60])
    fast = function.run
    function.run = lambda event: replace(fast(event), utilization=next(slow, 12))
    told = list(prove(function, function.put_up(NEW)))  # type: ignore[arg-type]
    assert "events as expected" in told[-1]


# --- a pointer that is gone --------------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"schema": 2}', b"[" * 5000, b'{"\xff": 1}'])
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
    assert world.live == NEW
    assert "production points to book" in " ".join(done)
    assert world.last.arrived is not None


def test_the_first_promotion_rolls_back_to_the_image_and_the_function_that_was_there(
    world: World,
) -> None:
    world.release("Words.", NEW)
    world.rollback()
    assert world.shown() == IMAGE
    assert world.live == OLD


def test_the_edge_alone_is_rolled_back_though_the_table_has_changed_since(world: World) -> None:
    made = world.release("Words.", NEW)
    world.release(code=NEWER)
    world.edge.run = lambda event: TestRun({}, 1, "not as the table says")
    world.rollback(EDGE)
    assert (world.shown(), world.live) == (made, NEW)


def test_a_function_that_somebody_published_by_hand_is_seen_and_mended(world: World) -> None:
    world.release("Words.", NEW)
    world.edge.stages["LIVE"] = b"// by hand"
    assert world.promotion().changes[EDGE].old == pack_function(b"// by hand").id
    world.promote()
    assert world.live == NEW
    assert world.promote() == []
    world.rollback(EDGE)  # it can be had back, too
    assert world.live == b"// by hand"


def test_rolling_back_twice_goes_back_two(world: World) -> None:
    ids = [world.release(f"Sentence {number}.") for number in range(3)]
    world.rollback("book")
    world.rollback("book")
    assert world.shown() == ids[0]


@pytest.mark.parametrize("last", STEPS[2:-1])
@pytest.mark.parametrize("surfaces", [(), ("book",)])
def test_a_rollback_that_was_interrupted_is_finished_and_goes_back_no_further(
    online: World, surfaces: tuple[str, ...], last: str
) -> None:
    for number in range(3):
        online.release(f"Sentence {number}.", b"// %d" % number)
    second = online.pointer.place("book").previous[0]
    interrupted(online.back(), last)
    online.rollback(*surfaces)
    assert online.shown() == second
    assert online.live == b"// 1"
    assert not online.pointer.interrupted


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


def test_a_function_at_the_edge_cannot_be_taken_away_and_that_is_said(world: World) -> None:
    with pytest.raises(ReleaseError, match="one cannot be taken away"):
        world.rollback(EDGE, to="image")


def test_a_rollback_to_a_release_that_is_damaged_is_refused(world: World) -> None:
    first, second = world.release("First."), world.release("Second.")
    world.store.blobs[f"manifests/{first}.json"] += b" "
    with pytest.raises(ReleaseError, match=r"^production: .*SHA-256 differs"):
        world.rollback()
    assert world.shown() == second


def test_a_site_that_does_not_answer_can_be_rolled_back(
    online: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that fails takes /healthz with it."""
    online.release("First.")
    monkeypatch.setattr(online.site, "health", dict)
    refused(online.rollback, "not as a site of ours does")
    assert online.shown() == IMAGE
    assert online.pointer.interrupted


def test_a_rollback_is_not_undone_because_it_is_slow_to_arrive(online: World) -> None:
    first = online.release("First.")
    online.release("Second.")
    online.site.shows = False
    with pytest.raises(NotArrived):
        online.rollback()
    assert online.shown() == first
