"""SIGKILL in every place of a run: the next run ends where an undisturbed one would have.

A kill hits a named moment, not a time: the request that belongs to it is held (or watched) on
its way to HubSpot or BigQuery, and the last phase that the dead run has logged proves the place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from tests.chaos.conftest import seed
from tests.chaos.process import Done, Running, named
from tests.chaos.world import EndState, World

KILLS_IN_EACH_PLACE = 20

# Results are recorded every five seconds; in a run of two seconds that would be once, at its end.
APPEND_AT_ONCE = (
    "import pusher.appender\npusher.appender.Appender.__init__.__kwdefaults__['spacing'] = 0.05\n"
)
HOLDS = ("hold_before", "hold_after", "watch")

Wait = Callable[[Running], object]
Arm = Callable[[World, Random], Wait]


@dataclass(frozen=True)
class Place:
    """Where a run is killed, and what its log then ends with."""

    name: str
    phases: tuple[str, ...]
    arms: tuple[Arm, ...]
    events: tuple[str, ...] = ()  # the last event must be one of these
    settings: tuple[tuple[str, str], ...] = ()
    prelude: str = ""


def at_bigquery(text: str, *, skips: tuple[int, ...] = (0,)) -> Arm:
    """While such a request is on its way, being done, or its answer on its way back."""

    def arm(world: World, random: Random) -> Wait:
        rule = world.proxy.order(random.choice(HOLDS), text, skip=random.choice(skips))  # type: ignore[arg-type]
        return lambda running: rule.wait() or pytest.fail(f"never reached: {text}")

    return arm


def at_hubspot(path: str, *, method: str = "POST", most_skipped: int = 0) -> Arm:
    """While such a request waits at HubSpot's door, or its answer on the way back."""

    def arm(world: World, random: Random) -> Wait:
        world.hubspot.fault(
            "hold",
            name="held",
            when=random.choice(("before", "after")),
            seconds=120,
            match={
                "path_regex": path,
                "method": method,
                "after_n_requests": random.randint(0, most_skipped),
            },
        )
        return lambda running: (
            world.hubspot.wait_fired("held", timeout=120) or pytest.fail(f"never reached: {path}")
        )

    return arm


def after_answers(most: int) -> Arm:
    """As soon as HubSpot has answered so many batches; nothing has been recorded yet."""

    def arm(world: World, random: Random) -> Wait:
        count = random.randint(1, most)
        return lambda running: running.wait_for(named("answered"), count)

    return arm


ONE_BY_ONE = (("WORKERS", "1"),)

PLACES = {
    place.name: place
    for place in (
        Place(
            "mirror",
            ("mirror",),
            (
                at_bigquery(r"^PUT .*\"refresh_id\".*\"hubspot_id\"", skips=(0, 1)),
                at_bigquery(r"call [^ ]*apply_mirror_refresh", skips=(0, 1)),
                at_hubspot(r"/search$|/objects/.*(contacts|0-1|_roi|2-\d+)$", method=""),
            ),
        ),
        Place("snapshot", ("snapshot",), (at_bigquery(r"call [^ ]*take_snapshot"),)),
        Place("gates", ("gates",), (at_bigquery(r"from [^ ]*push_gates"),)),
        Place(
            "guard read",
            ("ship",),
            (at_hubspot("/batch/read$", most_skipped=1),),
            ("guard_read",),
            ONE_BY_ONE,
        ),
        Place(
            "mid-batch",
            ("ship",),
            (at_hubspot("/batch/(update|upsert)$", most_skipped=1),),
            ("write",),
            ONE_BY_ONE,
        ),
        Place("between answer and append", ("ship", "append"), (after_answers(2),)),
        Place(
            "mid-append",
            ("ship", "append"),
            (
                at_bigquery(r"^POST /upload.*reverse_etl_push_log", skips=(0, 1)),
                at_bigquery(r"^PUT .*\"result_id\"", skips=(0, 1)),
            ),
            prelude=APPEND_AT_ONCE,
        ),
        Place("fold", ("fold",), (at_bigquery(r"call [^ ]*fold_results", skips=(0, 1)),)),
        Place(
            "ledger",
            ("ledger",),
            (
                at_bigquery(r"update [^ ]*reverse_etl_run_ledger", skips=(0, 1)),
                at_bigquery(r"set holder = null"),
            ),
        ),
    )
}


def kill(world: World, place: Place, random: Random) -> Done:
    """Start a run and kill it there; its log says where it was."""
    wait = random.choice(place.arms)(world, random)
    running = world.start(prelude=place.prelude, **dict(place.settings))
    wait(running)
    done = world.kill(running)

    assert done.exit_code == -9, done
    assert done.phases[-1] in place.phases, done
    if place.events:
        assert done.events[-1]["event"] in place.events, done
    if place.name == "between answer and append":
        assert not any(event["event"] == "append_started" for event in done.events), done
    if place.name == "mid-append":
        assert any(event["event"] == "append_started" for event in done.events), done
    return done


def test_killed_in_every_place_one_after_the_other(world: World, undisturbed: EndState) -> None:
    """Nine runs are killed, each further on than the one before; the tenth is left alone."""
    random = Random(seed())
    world.restore("fresh")
    killed = [kill(world, place, random) for place in PLACES.values()]

    done = world.push()

    assert done.exit_code == 0, done
    world.assert_whole(undisturbed)
    for dead in killed[:-1]:
        assert {row["status"] for row in world.ledger(dead).values()} == {"interrupted"}
    assert {row["status"] for row in world.ledger(done).values()} == {"success"}


@pytest.mark.full
@pytest.mark.parametrize("number", range(KILLS_IN_EACH_PLACE))
@pytest.mark.parametrize("name", PLACES)
def test_killed(world: World, undisturbed: EndState, name: str, number: int) -> None:
    """Once; then a run that is left alone."""
    random = Random(f"{seed()} {name} {number}")
    if number % 4 == 3:  # the very first run: a full mirror, and the portal not yet looked at
        world.restore("fresh")
    dead = kill(world, PLACES[name], random)

    done = world.push()

    assert done.exit_code == 0, done
    world.assert_whole(undisturbed)
    left = {row["status"] for row in world.ledger(dead).values()}
    assert left <= {"interrupted"} if name != "ledger" else left <= {"interrupted", "success"}


@pytest.mark.full
@pytest.mark.parametrize("number", range(5))
def test_killed_again_and_again(world: World, undisturbed: EndState, number: int) -> None:
    """Six kills in any order of places before one run is left alone."""
    random = Random(f"{seed()} again {number}")
    world.restore("fresh")
    for _ in range(6):
        kill(world, random.choice(ALWAYS_REACHED), random)

    done = world.push()

    assert done.exit_code == 0, done
    world.assert_whole(undisturbed)


# A run whose predecessors have sent everything comes through these all the same; of the mirror it
# may have nothing to load, but it always asks HubSpot.
ALWAYS_REACHED = [
    replace(PLACES["mirror"], arms=PLACES["mirror"].arms[-1:]),
    *(PLACES[name] for name in ("snapshot", "gates", "fold", "ledger")),
]


def test_what_a_killed_refresh_had_staged_lasts_no_longer_than_a_day(
    world: World, undisturbed: EndState
) -> None:
    """Its values are of no use to anyone; a refresh that is still at work keeps its own."""
    etl = world.stack.etl
    for table, column in (
        ("hubspot_mirror_stage", "loaded_at"),
        ("hubspot_portal_stage", "checked_at"),
    ):
        world.query(
            f"""insert into `{etl}.{table}` (refresh_id, entity, {column})
            values ('killed', 'patients', timestamp_sub(current_timestamp(), interval 25 hour)),
                ('at work', 'patients', current_timestamp())"""
        )
    assert world.push().exit_code == 0

    for table in ("hubspot_mirror_stage", "hubspot_portal_stage"):
        assert {row["refresh_id"] for row in world.rows(table)} == {"at work"}
        world.query(f"delete from `{etl}.{table}` where true")
    world.assert_whole(undisturbed)
