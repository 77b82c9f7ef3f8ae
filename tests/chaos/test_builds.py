"""What takes builds of its own: sources that lost something, and a key property that is new.

They come last: a build that has to fail leaves views behind that nobody else should meet.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.stack import Command
from tests.chaos.clinic import leaks, load_sources
from tests.chaos.process import phase
from tests.chaos.world import EndState, World


@pytest.fixture
def night(world: World, undisturbed: EndState) -> Iterator[World]:
    """The night after the first run. Whoever comes next finds the source as it was, built anew."""
    if world.is_source_spoiled:
        load_sources(world.stack)
        world.stack.dbt("build", "--vars", "full_read: true")
        world.is_source_spoiled = False
    world.restore("done")
    world.is_source_spoiled = True
    yield world
    world.calm()


def build(world: World, *arguments: str, **settings: str) -> Command:
    return world.stack.dbt("build", *arguments, settings=settings, check=False)


def test_a_source_that_lost_something_stops_the_build_and_the_run(night: World) -> None:
    """Patients that are half gone, ROIs without a column: the build fails, and says which."""
    patients, rois = (f"`{night.stack.amd}.{name}`" for name in ("PatientsWithStatistics", "ROIs"))
    night.query(f"delete from {patients} where mod(farm_fingerprint(coalesce(ID, '')), 2) = 0")
    night.query(f"create or replace table {rois} as select * except (Fax) from {rois}")
    failed = build(night)

    assert failed.exit_code == 1
    told = failed.stdout
    assert "source_is_whole" in told
    done = night.push()
    assert done.exit_code == 4, done
    assert {event["code"] for event in done.events if event["event"] == "gate"} >= {
        "build_not_passed"
    }
    assert night.written() == 0
    assert leaks(failed.stdout) == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("empty", "delete from {table} where true"),
        ("gone", "drop table {table}"),
        (
            "a fifth gone",
            "delete from {table} where mod(farm_fingerprint(coalesce(ID, '')), 5) = 0",
        ),
        (
            "without a column",
            "create or replace table {table} as select * except (City) from {table}",
        ),
        ("without its key", "create or replace table {table} as select * except (ID) from {table}"),
    ],
    ids=lambda value: value if " " not in value or len(value) < 20 else "",
)
def test_a_source_that_is_not_whole(night: World, what: str, statement: str) -> None:
    """Never a success with nothing done: the build fails, and the run stops before it writes."""
    night.query(statement.format(table=f"`{night.stack.amd}.PatientsWithStatistics`"))
    failed = build(night)
    assert failed.exit_code == 1, what
    assert leaks(failed.stdout) == []
    done = night.push()
    assert done.exit_code == 4, done
    assert night.written() == 0


@pytest.mark.full
def test_a_source_that_is_there_twice(night: World) -> None:
    """Equal rows of one key are one row, but nobody meant to load them twice."""
    table = f"`{night.stack.amd}.ROIs`"
    night.query(f"insert into {table} select * from {table}")
    failed = build(night)
    assert failed.exit_code == 1
    assert "source_is_whole" in failed.stdout
    assert night.push().exit_code == 4
    assert night.written() == 0


@pytest.mark.full
def test_a_build_while_a_pusher_reads_does_no_harm(night: World, undisturbed: EndState) -> None:
    """The queue is read from the run's own snapshot, whatever a build replaces meanwhile."""
    night.restore("ready")
    rule = night.proxy.order("hold_after", r"^GET .*/queries/.*maxResults=\d\d+")
    running = night.start()
    running.wait_for(phase("ship"))
    assert rule.wait()
    assert build(night).exit_code == 0
    rule.released.set()
    done = running.end()

    assert done.exit_code == 0, done
    night.assert_whole(undisturbed)


@pytest.mark.full
def test_a_new_unique_property_takes_over_from_one_that_is_not(
    night: World, undisturbed: EndState
) -> None:
    """The way out of a portal whose roi_id is not unique: setup makes a new property, the setting
    names it, and the first run fills it by updates of the records that are known by the old one."""
    night.hubspot.put_property("p_roi", name="roi_id", hasUniqueValue=False)
    assert night.run("check").exit_code == 2
    setting = {"ROI_NATURAL_ID_PROP": "amd_roi_key"}
    before = night.hubspot.live("p_roi")
    try:
        assert build(night, **setting).exit_code == 0
        setup = night.run("setup", **setting)
        assert setup.exit_code == 0, setup
        assert "amd_roi_key" in setup.stdout
        done = night.push(**setting)
        assert done.exit_code == 0, done
        after = night.hubspot.live("p_roi")
        again = night.run(**setting)
        assert again.exit_code == 0, again
    finally:
        night.hubspot.delete_property("p_roi", "amd_roi_key")
        night.hubspot.put_property("p_roi", name="roi_id", hasUniqueValue=True)

    assert set(after) == set(before), "no record was created"
    mapped = {
        row["hubspot_id"]: row["natural_key"]
        for row in night.rows("hubspot_id_map", "entity = 'rois' and payload_hash is not null")
    }
    assert mapped
    for record_id, key in mapped.items():
        assert after[record_id].get("amd_roi_key") == key
