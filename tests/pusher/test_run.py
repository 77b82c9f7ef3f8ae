"""Whole runs: the real process, a real BigQuery client, HTTP."""

from __future__ import annotations

import json
import signal

from tests.pusher.conftest import World, events, update, upsert


def test_a_run_ships_what_is_due_and_records_it(world: World) -> None:
    """Creates and updates arrive; every row of the queue has a confirmed result."""
    known = world.hubspot.add("contacts", email="old@example.org")
    world.decide(
        upsert("1", email="new@example.org", firstname="New"),
        update("2", known, firstname="Known"),
        {"entity": "patients", "state": "quarantined", "reason": "x", "source_rows": 1,
         "natural_key": "3", "record_ref": "3" * 32, "is_queued": False},
    )  # fmt: skip

    done = world.run()

    assert done.returncode == 0, done.stdout + done.stderr
    assert world.outcomes() == {"1": "created", "2": "updated"}
    live = {p.get("amd_patient_id"): p.get("firstname") for p in world.hubspot.live("contacts").values()}
    assert live == {"1": "New", "2": "Known"}
    ledger = world.query("select * from etl.reverse_etl_run_ledger order by job_type")
    assert [row["status"] for row in ledger] == ["success", "success"]
    assert ledger[0]["created_count"] == 1
    assert ledger[0]["creates_left"] == 0
    assert ledger[0]["quarantined_count"] == 1
    assert world.calls("fold_results") == 2
