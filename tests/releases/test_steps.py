"""Promoting and rolling back: one write moves production, and it is whole at every moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from qdn_site import PAGES_API
from qdn_site.edge.cloudfront import EdgeFunction, FunctionVersion, TestRun
from qdn_site.releases import plan as plans
from qdn_site.releases import pointer as pointers
from qdn_site.releases import receipts
from qdn_site.releases.arrival import NotArrived
from qdn_site.releases.disk import Disk
from qdn_site.releases.edge import EdgeRefused
from qdn_site.releases.edge import prove as prove_at_the_edge
from qdn_site.releases.follow import Follower
from qdn_site.releases.function import digest, stored
from qdn_site.releases.pack import Pack
from qdn_site.releases.plan import NothingSuch, Plan
from qdn_site.releases.pointer import IMAGE, Move, Pointer
from qdn_site.releases.steps import Hands, Refused, Step, carry_out
from qdn_site.releases.target import Target
from qdn_site.releases.verify import BadPack
from tests.making import NOON
from tests.releases.fakes import FakeFunction, FakeSite, running
from tests.releases.making import FlakyStore, corrupt, make_pack, pages

OLD, NEW, NEWER = b"// the old function", b"// the new function", b"// a newer function"


@dataclass
class World:
    """Staging and production of a business, with a site that shows what production points to."""

    folder: Path
    site: FakeSite = field(init=False)
    invalidated: list[tuple[str, ...]] = field(default_factory=list)
    staging: Target = field(init=False)
    production: Target = field(init=False)
    edge: FakeFunction = field(default_factory=lambda: FakeFunction(stages={"LIVE": OLD}))

    def __post_init__(self) -> None:
        self.staging = self._target("staging", FakeFunction("staging"))
        self.production = self._target("production", self.edge)
        self.site = FakeSite(self.production.store)
        self.source = pages(self.folder / "source")

    def stage(self, sentence: str = "New words.", code: bytes = NEW, **pack: object) -> Pack:
        made = make_pack(self.source, sentence, **pack)  # type: ignore[arg-type]
        list(carry_out(plans.stage(self.staging, [made], code, "joel", NOON), self.hands()))
        return made

    def promotion(self, *surfaces: str, by: str = "joel") -> Plan:
        return plans.promote(self.staging, self.production, surfaces, by)

    def promote(self, *surfaces: str, by: str = "joel") -> list[Step]:
        return list(carry_out(self.promotion(*surfaces, by=by), self.hands()))

    def rollback(self, *surfaces: str, to: str = "") -> list[Step]:
        plan = plans.rollback(self.production, surfaces, to, "joel")
        return list(carry_out(plan, self.hands()))

    def hands(self, patience: float = 1.5) -> Hands:
        return Hands(lambda: NOON, self._prove, self._invalidate, patience)

    def pointer(self) -> Pointer:
        return pointers.decode(self.production.store.document(pointers.NAME).load())

    def shown(self, surface: str = "book") -> str:
        return self.pointer().place(surface).current

    def container(self, target: Target | None = None) -> dict[str, str]:
        """What a container of that stage (production) shows when it starts now."""
        target = target or self.production
        disk = Disk(self.folder / f"disk of {target.name}")
        disk.prepare()
        follower = Follower(target.store, disk, PAGES_API)
        follower.look()
        assert follower.refused == {}
        return follower.showing

    @contextmanager
    def online(self) -> Iterator[None]:
        with running(self.site) as url:
            self.production = replace(self.production, url=url, dashboard_url=url)
            yield

    def _target(self, name: str, function: FakeFunction) -> Target:
        folder = self.folder / name
        folder.mkdir()
        return Target(name, FlakyStore(folder), "", "", function)  # type: ignore[arg-type]

    def _prove(self, version: FunctionVersion) -> Iterator[str]:
        yield f"proved {digest(version.code)}"

    def _invalidate(self, plan: Plan, move: Move) -> Iterator[tuple[str, str, str]]:
        self.invalidated.append(plan.touched)
        yield "E1", f"I{move.revision}", "invalidated"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def told(steps: list[Step], name: str) -> str:
    return " ".join(step.told for step in steps if step.name == name)


# --- promoting ---------------------------------------------------------------------------


def test_what_is_staged_shows_on_staging_and_not_in_production(world: World) -> None:
    made = world.stage()
    assert world.container(world.staging) == {"book": made.id}
    assert world.container() == {}


def test_what_is_promoted_shows_and_nothing_else_changes(world: World) -> None:
    with world.online():
        made = world.stage()
        world.promote("book")
        assert world.container() == {"book": made.id}
        assert world.edge.stages["LIVE"] == NEW
        assert world.invalidated[-1] == ("book",)


def test_production_moves_in_one_write(world: World) -> None:
    world.stage()
    world.stage(surface="track")
    world.promote()
    assert world.pointer().revision == 1
    assert set(world.pointer().moves[0].surfaces) == {"book", "track"}


def test_the_receipt_says_who_when_what_and_which_invalidations(world: World) -> None:
    with world.online():
        world.stage()
        world.promote(by="dana")
        receipt = receipts.find(world.production.store, 1)
    assert receipt is not None
    assert (receipt.move.by, receipt.move.at, receipt.move.what) == ("dana", NOON, "promote")
    assert receipt.invalidations == {"E1": "I1"}
    assert any("8 new connections" in line for line in receipt.checked)


def test_promoting_again_does_nothing(world: World) -> None:
    world.stage()
    world.promote()
    assert world.promote() == []
    assert world.pointer().revision == 1


def test_what_is_not_on_staging_cannot_be_promoted(world: World) -> None:
    world.stage()
    with pytest.raises(NothingSuch, match="Nothing of track is on staging"):
        world.promote("track")


def test_a_function_alone_can_be_promoted(world: World) -> None:
    world.stage()
    world.promote()
    world.stage(code=NEWER)
    world.promote()
    assert world.edge.stages["LIVE"] == NEWER
    assert world.pointer().moves[0].surfaces == {}


def test_a_function_alone_is_seen_to_arrive_on_a_page_of_every_surface(world: World) -> None:
    with world.online():
        world.stage()
        world.promote()
        world.stage(code=NEWER)
        checked = told(world.promote(), "check")
        for page in ("/dashboard/login/", "/track/no-such-link-0000", "/book/"):
            assert f"{page} answers" in checked
        world.stage(code=NEW)
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back as it was: function"):
            world.promote()
    assert world.edge.stages["LIVE"] == NEWER


def test_pages_alone_are_looked_for_on_their_own_surface(world: World) -> None:
    with world.online():
        world.stage()
        world.promote()
        world.stage("Other words.")
        assert "/dashboard/" not in told(world.promote(), "check")


STEPS = ("prove", "copy", "function", "pointer", "check", "invalidate", "receipt")


@pytest.mark.parametrize("last", STEPS)
def test_a_promotion_that_ends_after_any_step_leaves_production_whole_and_the_next_finishes(
    world: World, last: str
) -> None:
    with world.online():
        before = world.stage("Before.")
        world.promote()
        after = world.stage("After.", NEWER)
        steps = carry_out(world.promotion(), world.hands())
        while next(steps).name != last:
            pass
        del steps  # nothing more happens, as after SIGKILL
        assert world.container()["book"] in (before.id, after.id)
        assert world.edge.stages["LIVE"] in (NEW, NEWER)
        world.promote()
        assert world.container() == {"book": after.id}
        assert world.edge.stages["LIVE"] == NEWER
        assert world.invalidated[-1] == ("book",)
        assert receipts.find(world.production.store, world.pointer().revision)


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told(world: World) -> None:
    world.stage(code=NEW)
    first = world.promotion(by="dana")
    world.stage(code=NEWER)
    late = world.promotion(by="ana")
    list(carry_out(first, world.hands()))
    with pytest.raises(Refused, match=r"dana \(promote book\) moved production"):
        list(carry_out(late, world.hands()))
    # Ana's was never published, not even to be put back.
    assert world.edge.stages == {"LIVE": NEW, "DEVELOPMENT": NEWER}


def test_a_race_lost_at_the_last_moment_gives_the_function_back(world: World) -> None:
    world.stage("One.", NEW)
    world.promote()
    world.stage("Two.", NEWER)
    late = carry_out(world.promotion(by="ana"), world.hands())
    while next(late).name != "function":
        pass
    world.rollback("book")
    with pytest.raises(Refused, match="nothing of yours is live"):
        list(late)
    assert digest(world.edge.stages["LIVE"]) == world.pointer().function


def test_what_does_not_arrive_is_put_back_pages_and_function(world: World) -> None:
    with world.online():
        before = world.stage("Before.")
        world.promote()
        world.stage("After.", NEWER)
        world.site.shows = False
        with pytest.raises(NotArrived, match="was put back as it was"):
            world.promote()
    assert world.shown() == before.id
    assert world.edge.stages["LIVE"] == NEW
    assert world.pointer().moves[0].what == "put back"
    assert world.container() == {"book": before.id}


def interrupted(world: World, *surfaces: str, last: str = "pointer") -> None:
    """A promotion that ends with that step, as after SIGKILL."""
    steps = carry_out(world.promotion(*surfaces), world.hands())
    while next(steps).name != last:
        pass


def test_an_interrupted_promotion_is_put_back_by_the_run_that_finishes_it(world: World) -> None:
    with world.online():
        before = world.stage("Before.")
        world.promote()
        world.stage("After.", NEWER)
        interrupted(world)
        assert not world.promotion().moves
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back as it was: book, function"):
            world.promote()
    assert world.shown() == before.id
    assert world.edge.stages["LIVE"] == NEW
    assert world.container() == {"book": before.id}
    assert not world.promotion().unfinished


def test_an_interrupted_promotion_is_put_back_with_the_next_that_does_not_arrive(
    world: World,
) -> None:
    with world.online():
        before = world.stage("Before.")
        world.promote()
        world.stage("After.", NEWER)
        interrupted(world)
        world.stage(surface="track", code=NEWER)
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back as it was: track, book, function"):
            world.promote()
    assert world.container() == {"book": before.id}
    assert world.edge.stages["LIVE"] == NEW


def test_a_promotion_over_an_interrupted_rollback_is_put_back_to_what_that_shows(
    world: World,
) -> None:
    with world.online():
        first = world.stage("First.")
        world.promote()
        world.stage("Second.")
        world.promote()
        steps = carry_out(plans.rollback(world.production, [], "", "joel"), world.hands())
        while next(steps).name != "pointer":
            pass
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back"):
            world.promote()
    assert world.shown() == first.id


def test_what_is_live_and_cannot_be_put_back_is_told(world: World) -> None:
    with world.online():
        world.stage("Before.")
        world.promote()
        after = world.stage("After.", NEWER)
        world.site.page_status = 500
        steps = carry_out(world.promotion(), world.hands())
        while (step := next(steps)).name != "check":
            pass
        assert "8 new connections" in step.told
        assert isinstance(world.production.store, FlakyStore)
        world.production.store.out_of_reach = True
        with pytest.raises(NotArrived) as error:
            list(steps)
        world.production.store.out_of_reach = False
    assert "answers 500" in str(error.value)
    assert "nobody answers" in str(error.value)
    assert str(error.value).endswith("look at `releases`, then run `manage.py rollback book`")
    assert world.shown() == after.id


@pytest.mark.parametrize("last", ["function", "pointer"])
def test_what_an_interrupted_promotion_made_live_is_put_back_by_the_one_that_does_not_arrive(
    world: World, last: str
) -> None:
    with world.online():
        world.stage("Before.")
        world.promote()
        world.stage("After.", NEWER)
        steps = carry_out(world.promotion(), world.hands())
        while next(steps).name != last:
            pass
        assert world.edge.stages["LIVE"] == NEWER
        world.site.page_status = 500
        with pytest.raises(NotArrived):
            world.promote()
    assert digest(world.edge.stages["LIVE"]) == world.pointer().function


def test_a_function_that_cannot_be_put_back_is_told(world: World) -> None:
    with world.online():
        world.stage("Before.")
        world.promote()
        world.stage("After.", NEWER)
        world.site.page_status = 500
        steps = carry_out(world.promotion(), world.hands())
        while next(steps).name != "function":
            pass
        (world.folder / "production" / stored(digest(NEW))).unlink()
        with pytest.raises(NotArrived, match="function qdn-track-rewrite was not: ") as error:
            list(steps)
    assert "as it was" not in str(error.value)


def test_a_live_function_that_is_not_the_pointers_is_mended(world: World) -> None:
    world.stage()
    world.promote()
    world.edge.stages["LIVE"] = OLD
    assert world.promotion().moves
    world.promote()
    assert world.edge.stages["LIVE"] == NEW
    assert not world.promotion().moves


def test_a_function_that_a_rollback_left_live_is_mended_by_the_next_promotion(
    world: World,
) -> None:
    world.stage("First.", NEW)
    world.promote()
    world.stage("Second.", NEWER)
    world.promote()
    steps = carry_out(plans.rollback(world.production, [], "", "joel"), world.hands())
    while next(steps).name != "function":
        pass
    assert world.edge.stages["LIVE"] == NEW
    world.promote()
    assert world.edge.stages["LIVE"] == NEWER


def test_a_page_that_breaks_is_put_back_too(world: World) -> None:
    with world.online():
        world.stage()
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="/book/ answers 500 instead of 200"):
            world.promote()
    assert world.shown() == IMAGE


def test_pages_for_newer_code_wait_until_that_is_deployed(world: World) -> None:
    with world.online():
        world.stage(pages_api=PAGES_API + 1)
        with pytest.raises(Refused, match=f"deploy an image with PAGES_API {PAGES_API + 1} first"):
            world.promote()
        assert world.shown() == IMAGE
        world.site.pages_api = PAGES_API + 1
        world.promote()
        assert world.shown() != IMAGE


def test_a_site_that_does_not_say_what_it_serves_is_none_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.site, "health", lambda: {"releases": {}})
    with world.online():
        world.stage()
        with pytest.raises(NotArrived, match="not as a site of ours does"):
            world.promote()


def test_a_pack_that_was_tampered_with_on_staging_goes_nowhere(world: World) -> None:
    made = world.stage()
    corrupt(world.folder / "staging", made)
    with pytest.raises(BadPack, match="SHA-256 differs"):
        world.promote()
    assert world.shown() == IMAGE


def test_a_copy_that_is_not_what_was_copied_is_noticed(world: World) -> None:
    made = world.stage()
    world.production.store.put(f"packs/{made.id}.tar", b"something else")
    with pytest.raises(Refused, match="holds something else"):
        world.promote()
    assert world.shown() == IMAGE


def test_the_last_move_that_nobody_saw_arrive_is_seen_to_first(world: World) -> None:
    """The next promotion invalidates also what an interrupted one left in caches."""
    world.stage("Words.")
    steps = carry_out(world.promotion(), world.hands())
    while next(steps).name != "pointer":
        pass
    world.stage(surface="track")
    world.promote("track")
    assert world.invalidated[-1] == ("track", "book")


def test_of_several_interrupted_promotions_all_are_seen_to(world: World) -> None:
    with world.online():
        world.stage("Words.")
        world.stage(surface="track")
        interrupted(world, "book")
        interrupted(world, "track")
        assert [move.revision for move in world.promotion().unfinished] == [2, 1]
        steps = world.promote()
        assert "/book/ answers 200" in told(steps, "check")
        assert world.invalidated[-1] == ("track", "book")
        assert not world.promotion().unfinished


def test_what_arrived_before_an_interrupted_promotion_is_not_seen_to_again(world: World) -> None:
    world.stage("Words.")
    world.promote()
    world.stage(surface="track")
    interrupted(world)
    world.promote()
    assert world.invalidated[-1] == ("track",)


def test_several_interrupted_promotions_are_put_back_together(world: World) -> None:
    with world.online():
        world.stage("Words.")
        world.stage(surface="track")
        interrupted(world, "book")
        interrupted(world, "track")
        world.site.page_status = 500
        with pytest.raises(NotArrived, match="was put back as it was: track, book, function"):
            world.promote()
    assert world.container() == {}
    assert world.edge.stages["LIVE"] == OLD


# --- the edge ----------------------------------------------------------------------------


def test_a_function_that_does_something_else_than_the_table_says_is_refused() -> None:
    function = FakeFunction(stages={"DEVELOPMENT": NEW})
    with pytest.raises(EdgeRefused, match="event an-address-that-begins-like-book: "):
        list(prove_at_the_edge(as_edge(function), version(function)))


def test_a_function_that_throws_is_refused() -> None:
    function = FakeFunction(stages={"DEVELOPMENT": NEW}, runs=TestRun({}, 1, "x is not defined"))
    with pytest.raises(EdgeRefused, match="x is not defined"):
        list(prove_at_the_edge(as_edge(function), version(function)))


def test_a_function_that_takes_too_long_is_refused() -> None:
    class Slow(FakeFunction):
        def test(self, event: dict[str, object], version: FunctionVersion) -> TestRun:
            return TestRun({"request": event["request"]}, 51, "")

    function = Slow(stages={"DEVELOPMENT": NEW})
    with pytest.raises(EdgeRefused, match="takes 51 %"):
        list(prove_at_the_edge(as_edge(function), version(function)))


def as_edge(function: FakeFunction) -> EdgeFunction:
    return function  # type: ignore[return-value]


def version(function: FakeFunction) -> FunctionVersion:
    found = function.development()
    assert found is not None
    return found


# --- rolling back ------------------------------------------------------------------------


def test_a_rollback_shows_what_showed_before_with_its_function(world: World) -> None:
    first = world.stage("First.", NEW)
    world.promote()
    world.stage("Second.", NEWER)
    world.promote()
    steps = world.rollback()
    assert world.container() == {"book": first.id}
    assert world.edge.stages["LIVE"] == NEW
    assert "production points to book" in told(steps, "pointer")
    assert receipts.find(world.production.store, 3)


def test_the_first_promotion_rolls_back_to_the_image_and_the_function_that_was_there(
    world: World,
) -> None:
    world.stage()
    world.promote()
    world.rollback()
    assert world.container() == {}
    assert world.edge.stages["LIVE"] == OLD
    assert world.production.store.get(stored(digest(OLD)), 100) == OLD


def test_a_rollback_without_a_name_takes_back_the_last_promotion_alone(world: World) -> None:
    book = world.stage()
    world.promote()
    world.stage(surface="track")
    world.promote()
    world.rollback()
    assert world.container() == {"book": book.id}


def test_a_rollback_finds_the_function_that_production_always_had(world: World) -> None:
    """Though no promotion published it, and somebody else has put another in its place."""
    world.edge.stages["LIVE"] = NEW
    first = world.stage("First.", NEW)
    world.promote()
    world.stage("Second.", NEW)
    world.promote()
    world.edge.stages["LIVE"] = b"// made by hand"
    world.rollback()
    assert world.container() == {"book": first.id}
    assert world.edge.stages["LIVE"] == NEW


def test_the_function_that_the_pointer_names_is_kept_before_it_is_named(world: World) -> None:
    world.stage(code=NEW)
    interrupted(world, last="copy")
    assert world.production.store.get(stored(digest(NEW)), 100) is not None


def test_a_rollback_after_a_function_alone_takes_back_just_that(world: World) -> None:
    with world.online():
        first = world.stage("First.", NEW)
        world.promote()
        second = world.stage("Second.", NEW)
        world.promote()
        world.stage("Second.", NEWER)
        world.promote()
        steps = world.rollback()
        assert "/book/ answers 200" in told(steps, "check")
        assert world.container() == {"book": second.id}
        assert world.edge.stages["LIVE"] == NEW
        world.rollback()
        assert world.container() == {"book": first.id}
        assert world.edge.stages["LIVE"] == NEW


def test_a_rollback_of_a_function_alone_that_was_interrupted_goes_back_no_further(
    world: World,
) -> None:
    made = world.stage()
    world.promote()
    world.stage(code=NEWER)
    world.promote()
    steps = carry_out(plans.rollback(world.production, [], "", "joel"), world.hands())
    while next(steps).name != "pointer":
        pass
    world.rollback()
    assert world.container() == {"book": made.id}
    assert world.edge.stages["LIVE"] == NEW
    assert world.pointer().revision == 3
    world.rollback("book", to=IMAGE)
    assert world.shown() == IMAGE


def test_pages_that_are_named_go_back_although_a_function_alone_came_last(world: World) -> None:
    first = world.stage("First.")
    world.promote()
    world.stage("Second.")
    world.promote()
    world.stage("Second.", NEWER)
    world.promote()
    world.rollback("book")
    assert world.shown() == first.id


def test_rolling_back_twice_goes_back_two(world: World) -> None:
    ids = []
    for number in range(3):
        ids.append(world.stage(f"Sentence {number}.").id)
        world.promote()
    world.rollback("book")
    world.rollback("book")
    assert world.shown() == ids[0]


def interrupted_rollback(world: World) -> str:
    """Back from the third release to the second, checked by nobody; the second's id."""
    ids = []
    for number in range(3):
        ids.append(world.stage(f"Sentence {number}.").id)
        world.promote()
    steps = carry_out(plans.rollback(world.production, [], "", "joel"), world.hands())
    while next(steps).name != "pointer":
        pass
    return ids[1]


@pytest.mark.parametrize("surfaces", [(), ("book",)])
def test_a_rollback_that_was_interrupted_is_finished_and_does_not_go_back_further(
    world: World, surfaces: tuple[str, ...]
) -> None:
    second = interrupted_rollback(world)
    steps = world.rollback(*surfaces)
    assert world.shown() == second
    assert told(steps, "receipt") == "receipt 4 of production is kept"
    assert world.invalidated[-1] == ("book",)
    assert world.pointer().revision == 4


def test_after_an_interrupted_rollback_another_release_can_be_named(world: World) -> None:
    interrupted_rollback(world)
    world.rollback("book", to=IMAGE)
    assert world.shown() == IMAGE


def test_a_release_can_be_named_by_how_it_begins(world: World) -> None:
    ids = []
    for number in range(3):
        ids.append(world.stage(f"Sentence {number}.").id)
        world.promote()
    world.rollback(to=ids[0][:8])
    assert world.shown() == ids[0]
    world.rollback(to=ids[2][:8])  # forward again: it was good after all
    assert world.shown() == ids[2]


def test_what_is_not_there_cannot_be_rolled_back_to(world: World) -> None:
    with pytest.raises(NothingSuch, match="Nothing was ever promoted"):
        world.rollback()
    with pytest.raises(NothingSuch, match="nothing before them"):
        world.rollback("book")
    with pytest.raises(NothingSuch, match="No release of production begins with 'abc'"):
        world.rollback(to="abc")


def test_a_rollback_to_a_release_that_is_damaged_is_refused(world: World) -> None:
    first = world.stage("First.")
    world.promote()
    second = world.stage("Second.")
    world.promote()
    corrupt(world.folder / "production", first)
    with pytest.raises(BadPack, match="SHA-256 differs"):
        world.rollback()
    assert world.shown() == second.id


def test_a_rollback_is_not_undone_because_it_is_slow_to_arrive(world: World) -> None:
    with world.online():
        first = world.stage("First.")
        world.promote()
        world.stage("Second.")
        world.promote()
        world.site.shows = False
        with pytest.raises(NotArrived):
            world.rollback()
        assert world.shown() == first.id
