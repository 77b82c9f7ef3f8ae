"""What SQL says about the state of the sync, as tables."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pusher.outcome import RunOutcome
from pusher.report import WIDTH, cell, ending, previewed, table
from tests.pusher.conftest import World, upsert

PHASES = [
    "settings", "portal", "lease", "fold", "check", "mirror", "snapshot", "gates", "ship",
    "append", "fold", "ledger", "notify",
]  # fmt: skip


def test_reports_need_no_hubspot(world: World) -> None:
    """status and preview ask BigQuery only; --json is JSON and nothing else."""
    world.decide(upsert("1"))
    world.hubspot.clear_requests()
    status = world.run("status", "--json")
    preview = world.run("preview", "--json")

    assert (status.returncode, preview.returncode) == (0, 0), status.stderr + preview.stderr
    assert set(json.loads(status.stdout)) == {
        "standing", "warnings", "runs", "records", "dead_letters", "lease", "mirror", "builds",
    }  # fmt: skip
    assert [row["state"] for row in json.loads(preview.stdout)["due"]] == ["create"]
    assert "patients" in world.run("status").stdout
    assert world.hubspot.request_total() == 0


def test_preview_filters_before_it_limits(world: World) -> None:
    """Else an entity that comes late in the order would look as if nothing were due."""
    world.decide(*(upsert(str(number)) for number in range(5)))
    roi = {"entity": "rois", "object_type": "p_roi", "id_property": "roi_id"}
    world.decide({**upsert("r1"), **roi})
    done = world.run("preview", "--entity", "rois", "--limit", "2", "--json")

    assert [row["entity"] for row in json.loads(done.stdout)["due"]] == ["rois"], done.stderr


def test_cells_from_outside_cannot_steer_a_terminal() -> None:
    """A time says of which zone it is; nothing is a dash; control characters are seen."""
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert cell(at, ZoneInfo("America/New_York")) == "2026-01-01 22:04 EST"
    assert cell(at) == "2026-01-02 03:04 UTC"
    assert cell(None) == "-"
    assert "\x1b" not in cell("\x1b[2Jgone")


def test_columns_stand_under_their_heads() -> None:
    lines = table([{"entity": "patients", "n": 7}, {"entity": "rois", "n": 1200}]).splitlines()

    assert lines == ["  entity    n", "  patients  7", "  rois      1200"]
    assert table([]) == "  (none)"


def test_a_preview_fits_a_terminal_and_says_what_it_leaves_out() -> None:
    """The longest reason, and a record that could be many of HubSpot's."""
    count = {"entity": "patients", "match_tier": 4, "source_rows": 12345}
    ref = {"record_ref": "0" * 32}
    held = {**count, "reason": "email_held_by_vanished_patient", **ref}
    due = {**count, "state": "update", **ref, "changed_properties": ",".join(["a_property"] * 9)}
    text = previewed(
        {
            "records": [
                {**count, "state": "update", "reason": None, "records": 1},
                {**count, "state": "quarantined", "reason": held["reason"], "records": 12345},
            ],
            "due": [due],
            "held": [{**held, "candidates": ",".join(["123456789012"] * 5)}],
        }
    )

    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count("123456789012") == 5
    assert text.count("a_property") == 9
    assert "held: patients, email_held_by_vanished_patient" in text
    assert text.endswith("1 of 12345 held are named; --limit names more.")
    assert "of 1 due" not in text


def test_a_run_ends_in_what_hubspot_confirmed_and_where_every_record_stands() -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    states = {
        "unchanged": 100000,
        "quarantined": 20000,
        "failed": 3,
        "protected": 40,
        "excluded": 5,
    }
    counts = {"patients": {**states, "records": 120057, "queued": 9, "created": 2, "updated": 1}}
    outcome = RunOutcome("r", "push", at, at + timedelta(seconds=61), 5, "partial", "ship",
                         counts=counts)  # fmt: skip
    sentence, heads, line = ending(outcome).splitlines()

    assert sentence == "The run ended as partial: HubSpot confirmed 3 of 9 records, 61 s."
    assert line.split() == ["patients", "2", "1", "100000", "20000", "3", "40", "5"]
    assert heads.split("  ")[-1] == "excluded"
    assert len(heads) <= WIDTH
    assert ending(replace(outcome, counts={})) == sentence.replace("3 of 9", "0 of 0")
