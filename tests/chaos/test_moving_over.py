"""A clinic that moves over from the older implementation: control tables, gate, first run."""

from __future__ import annotations

from collections import Counter

from tests.chaos.clinic import (
    FIRST_MAPPED_CONTACT,
    FIRST_MAPPED_ROI,
    MAPPED_PATIENTS,
    MAPPED_ROIS,
)
from tests.chaos.process import Done
from tests.chaos.world import EndState, World


def test_the_first_run_stops_once_and_says_how_much_would_change(
    built: World, first_stop: Done
) -> None:
    """The map has no payload hash: each mapped record is due as an update, which is a mass change.
    No write, no request that carries data, and the numbers in one line."""
    assert first_stop.exit_code == 4, first_stop
    gates = [event for event in first_stop.events if event["event"] == "gate"]
    assert {(gate["entity"], gate["code"], gate["kind"]) for gate in gates} >= {
        ("patients", "mass_change", "update"),
        ("patients", "mass_change", "clear"),
        ("rois", "mass_change", "update"),
        ("rois", "mass_change", "clear"),
    }
    assert all(gate["count_value"] > gate["limit_value"] >= 5 for gate in gates)
    assert "allow-mass-change" in first_stop.stderr
    built.restore("ready")
    assert not built.hubspot.writes()
    stopped = built.rows("reverse_etl_run_ledger", "status = 'stopped'")
    assert {row["exit_code"] for row in stopped} == {4}


def test_no_record_is_created_twice(built: World, undisturbed: EndState, first_run: Done) -> None:
    """Keys as `123` and `123.0`, types as contacts, 0-1, p_roi, 2-… and p…_roi: all count."""
    built.restore("done")
    for kind, keys, first, name in (
        ("contacts", MAPPED_PATIENTS, FIRST_MAPPED_CONTACT, "amd_patient_id"),
        ("p_roi", MAPPED_ROIS, FIRST_MAPPED_ROI, "roi_id"),
    ):
        live = built.hubspot.live(kind)
        holders = {properties.get(name): record_id for record_id, properties in live.items()}
        assert [holders.get(key) for key in keys] == [
            str(first + number) for number in range(len(keys))
        ]
    assert built.doubled() == []
    written = {key: entry for key, entry in undisturbed.id_map.items() if entry[0]}
    assert written.keys() == undisturbed.confirmed
    assert all(names_the_record for *_, names_the_record in written.values())


def test_old_rows_stay_and_lose_what_is_private(built: World, undisturbed: EndState) -> None:
    assert built.rows("reverse_etl_run_ledger", "run_id = 'old-run'")[0]["status"] == "success"
    dead = built.rows("reverse_etl_dlq", "reason = 'legacy'")
    assert [(row["natural_key"], row["payload"], row["error"]) for row in dead] == [
        ("910003", None, None)
    ]


def test_the_next_run_has_nothing_to_do(built: World, undisturbed: EndState) -> None:
    built.restore("done")
    done = built.run()
    assert done.exit_code == 0, done
    assert not built.hubspot.writes()
    assert built.end_state().differences(undisturbed) == []
    assert Counter(row["status"] for row in built.rows("reverse_etl_run_ledger"))["running"] == 0
