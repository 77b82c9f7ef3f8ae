"""Stops before harm: a run that should not write says why, with numbers, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.conftest import BUILT_WITH
from tests.chaos.process import Done
from tests.chaos.world import EndState, World


@pytest.fixture
def doubled_row(world: World) -> Iterator[None]:
    """A row of the outbox that is there twice, as when a model fans out."""
    outbox = f"`{world.stack.etl}.outbox_rois`"
    world.query(
        f"create or replace table `{world.stack.etl}.kept_outbox` as select * from {outbox}"
    )
    world.query(
        f"""insert into {outbox}
        select * from {outbox} where row_reason is null order by natural_key limit 1"""
    )
    yield
    world.query(
        f"truncate table {outbox};\n"
        f"insert into {outbox} select * from `{world.stack.etl}.kept_outbox`"
    )


def stopped(world: World, done: Done) -> set[tuple[str, str]]:
    """Which gates stopped it; it ended with 4, said so in one place, and wrote nothing."""
    assert done.exit_code == 4, done
    assert world.written() == 0
    assert {row["status"] for row in world.ledger(done).values()} == {"stopped"}
    gates = [event for event in done.events if event["event"] == "gate"]
    for gate in gates:
        assert gate["hint"]
        assert isinstance(gate["count_value"], int)
        assert isinstance(gate["limit_value"], int)
    return {(gate["entity"], gate["code"]) for gate in gates}


def test_every_gate_at_once(world: World, undisturbed: EndState, doubled_row: None) -> None:
    """A build that failed, one that is too old, other settings, a row that is there twice: all
    are told, and none of them can be allowed."""
    builds = f"`{world.stack.etl}.reverse_etl_builds`"
    world.query(f"update {builds} set status = 'failed' where entity = 'patients'")
    world.query(
        f"""update {builds} set finished_at = timestamp_sub(finished_at, interval 27 hour)
        where entity = 'rois'"""
    )
    done = world.push(RETRY_FAILED_AFTER_DAYS="3")

    assert stopped(world, done) >= {
        ("patients", "build_not_passed"),
        ("patients", "settings_differ"),
        ("rois", "build_stale"),
        ("rois", "settings_differ"),
        ("rois", "rows_unaccounted"),
        ("rois", "doubled_in_queue"),
    }


@pytest.mark.full
@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_build_that_has_not_passed(world: World, undisturbed: EndState, status: str) -> None:
    """Of one entity: the other one can still go out alone."""
    world.query(
        f"""update `{world.stack.etl}.reverse_etl_builds` set status = '{status}'
        where entity = 'rois'"""
    )
    assert stopped(world, world.push()) == {("rois", "build_not_passed")}
    assert world.push("--entity", "patients").exit_code == 0
    assert world.written() > 0
    world.query(
        f"update `{world.stack.etl}.reverse_etl_builds` set status = 'passed' where entity = 'rois'"
    )
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


def first_load(world: World) -> None:
    """ROIs as on the first day of all: HubSpot has none, and neither has the id map."""
    world.restore("fresh")
    world.hubspot.archive(*world.hubspot.live("p_roi"), object_type="p_roi")
    world.query(f"delete from `{world.stack.etl}.hubspot_id_map` where entity = 'rois'")
    world.hubspot.clear_requests()


def test_a_first_load_is_not_stopped_and_later_nights_are(world: World) -> None:
    """Creates are not gated until an entity has once had nothing left to create; then they are,
    with the numbers, and the flag lets them pass."""
    first_load(world)
    first = world.run("--entity", "rois")
    assert first.exit_code == 0, first
    created = first.last("run_finished")["created"]
    assert created > 50
    # A record of which a property was refused has arrived without it.
    assert world.ledger(first)["rois"]["creates_left"] == 0

    # Twenty more, all at once: as if they had never been.
    gone = list(world.hubspot.live("p_roi"))[:20]
    world.hubspot.archive(*gone, object_type="p_roi")
    listed = ", ".join(f"'{record_id}'" for record_id in gone)
    for table in ("hubspot_id_map", "reverse_etl_push_log", "hubspot_mirror"):
        world.query(f"delete from `{world.stack.etl}.{table}` where hubspot_id in ({listed})")
    world.hubspot.clear_requests()
    done = world.run("--entity", "rois")
    assert stopped(world, done) == {("rois", "mass_change")}
    (gate,) = [event for event in done.events if event["event"] == "gate"]
    assert (gate["kind"], gate["count_value"]) == ("create", 20)
    assert gate["limit_value"] < 20
    assert world.push("--entity", "rois").exit_code == 0
    assert len(world.hubspot.live("p_roi")) == created


def test_a_first_load_that_was_killed_goes_on(world: World) -> None:
    """What the dead run created and could not record is found by its key; nobody has to allow
    anything."""
    first_load(world)
    world.hubspot.fault(
        "hold", name="held", when="after", seconds=120,
        match={"path_regex": "/batch/upsert$", "after_n_requests": 4},
    )  # fmt: skip
    running = world.start("--entity", "rois", allow=False, WORKERS="1")
    assert world.hubspot.wait_fired("held", timeout=120)
    world.kill(running)
    begun = world.hubspot.live("p_roi")
    assert len(begun) > int(BUILT_WITH["MASS_CHANGE_ROWS"])

    done = world.run("--entity", "rois")
    assert done.exit_code == 0, done
    assert world.doubled() == []
    live = world.hubspot.live("p_roi")
    assert set(begun) < set(live)
    (known,) = world.query(
        f"""select count(distinct hubspot_id) as records from `{world.stack.etl}.hubspot_id_map`
        where entity = 'rois'"""
    )
    assert known["records"] == len(live)
    again = world.run("--entity", "rois")
    assert (again.exit_code, again.last("run_finished")["sent"]) == (0, 0), again


@pytest.mark.full
def test_too_many_refusals_fail_the_run(world: World, undisturbed: EndState) -> None:
    """Over the limit of both share and number; what was written is recorded all the same."""
    done = world.push(MAX_REJECT_PERCENT="1", MAX_REJECT_ROWS="3")
    assert (done.exit_code, done.last("run_finished")["error_code"]) == (1, "reject_rate"), done
    assert world.run().exit_code == 0
    world.assert_whole(undisturbed)
