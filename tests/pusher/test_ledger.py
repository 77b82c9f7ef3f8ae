"""The ledger: a row for each entity, from `running` to how it ended."""

from __future__ import annotations

from datetime import UTC, datetime

from pusher import ledger, session
from pusher.session import Session
from tests.pusher.conftest import World

STAMP = '[{"name":"MASS_CHANGE_ROWS","value":"500","default":"500"}]'


def at(world: World, **changes: str) -> Session:
    return session.connect(world.settings(**changes))


def rows(world: World) -> list[dict[str, object]]:
    return world.query("select * from etl.reverse_etl_run_ledger order by job_type")


def test_a_run_opens_with_the_newest_build_and_our_own_settings(world: World) -> None:
    """SQL compares the two: a build and a push under different settings never meet."""
    build = {"entity": "patients", "status": "passed", "settings": STAMP}
    world.insert(
        "reverse_etl_builds",
        [
            {**build, "invocation_id": "old", "started_at": "2026-01-01T00:00:00Z"},
            {**build, "invocation_id": "new", "started_at": "2026-01-02T00:00:00Z",
             "high_watermark": "2026-01-01T12:00:00Z"},
        ],
    )  # fmt: skip
    opened = at(world, MASS_CHANGE_ROWS="7")
    ledger.open_run(opened, datetime.now(UTC))
    patients, rois = rows(world)

    assert (patients["status"], patients["build_id"]) == ("running", "new")
    assert patients["settings"] == STAMP.replace('"value":"500"', '"value":"7"')
    assert patients["high_watermark"] == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert (rois["status"], rois["build_id"], rois["settings"]) == ("running", None, None)
    assert {patients["portal_id"], rois["portal_id"]} == {opened.portal_id}


def test_a_run_closes_with_its_numbers(world: World) -> None:
    """Of each entity; HubSpot's requests are the run's, and stand once."""
    opened = at(world)
    ledger.open_run(opened, datetime.now(UTC))
    counts = {
        "patients": {
            "source_rows": 9, "records": 8, "queued": 5, "answered": 5, "created": 2, "updated": 1,
            "rejected": 2, "quarantined": 1, "unchanged": 2,
        }
    }  # fmt: skip
    ledger.close_run(
        opened, status="partial", step="ship", exit_code=5, counts=counts,
        creates_left={"patients": 3}, warnings={"patients": frozenset({"b", "a"})},
    )  # fmt: skip
    patients, rois = rows(world)

    numbers = ("read", "created", "updated", "skipped", "error", "quarantined", "unchanged")
    assert [patients[f"{name}_count"] for name in numbers] == [9, 2, 1, 3, 2, 1, 2]
    assert (patients["status"], patients["phase"], patients["exit_code"]) == ("partial", "ship", 5)
    assert (patients["creates_left"], rois["creates_left"]) == (3, None)
    assert (patients["warnings"], rois["warnings"]) == ("a,b", None)
    assert (patients["hubspot_requests"], rois["hubspot_requests"]) == (1, 0)


def test_the_status_before_is_of_the_last_run_that_ended_by_itself(world: World) -> None:
    """Neither this run, nor one that was stopped, nor one of another entity; nor does a run that
    never asked the gates hide what they warned of before."""
    opened = at(world)
    warnings = {"partial": "source_stale", "interrupted": ""}
    for day, status in enumerate(("partial", "failed", "interrupted", "running"), start=1):
        world.insert(
            "reverse_etl_run_ledger",
            [{"run_id": f"r{day}", "job_type": "patients", "status": status,
              "warnings": warnings.get(status), "started_at": f"2026-01-0{day}T00:00:00Z"}],
        )  # fmt: skip
    world.insert(
        "reverse_etl_run_ledger",
        [{"run_id": opened.run_id, "job_type": "patients", "status": "success",
          "started_at": "2026-01-09T00:00:00Z"}],
    )  # fmt: skip

    assert ledger.previous(opened) == ("failed", {"patients": {"source_stale"}})
    assert ledger.previous(at(world)) == ("success", {"patients": {"source_stale"}})
    other = session.connect(world.settings(), entities=("rois",))
    assert ledger.previous(other) == (None, {})
