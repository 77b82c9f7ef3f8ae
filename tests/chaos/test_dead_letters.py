"""What HubSpot refused: kept with what it said, not sent again for nothing, and due on replay."""

from __future__ import annotations

import re

import pytest

from tests.chaos.world import EndState, World

REFUSED = "8800112231"  # its email ends in a top-level domain that does not exist


def letter(world: World, key: str = REFUSED) -> dict[str, object]:
    rows = world.rows("reverse_etl_dlq", f"natural_key = '{key}' and resolved_at is null")
    assert len(rows) == 1
    return rows[0]


def test_a_dead_letter_says_what_hubspot_said_and_a_replay_makes_it_due(
    world: World, undisturbed: EndState
) -> None:
    """Category, code, properties; no value; attempts count runs. Then by reason, and by ref."""
    world.restore("done")
    row = letter(world)
    assert (row["reason"], row["category"], row["code"]) == (
        "rejected_invalid_email", "VALIDATION_ERROR", "INVALID_EMAIL",
    )  # fmt: skip
    assert (row["job_type"], row["operation"], row["property_names"]) == (
        "patients", "upsert", "email",
    )  # fmt: skip
    assert (row["payload"], row["error"], row["attempt"]) == (None, None, 1)
    assert re.fullmatch("[0-9a-f]{16,}", str(row["record_ref"]))

    assert world.run().exit_code == 0  # the same payload is not sent again for nothing
    assert world.written() == 0
    assert letter(world)["attempt"] == 2

    replay = world.run("replay", "--entity", "patients", "--reason", "rejected_invalid_email")
    assert replay.exit_code == 0, replay
    assert "patients: " in replay.stdout
    tried = len(world.rows("reverse_etl_push_log"))
    assert world.run("--entity", "patients").exit_code == 0
    new = len(world.rows("reverse_etl_push_log")) - tried
    assert new == len({key for entity, key in undisturbed.refused if entity == "patients"})
    assert letter(world)["attempt"] == 3


@pytest.mark.full
def test_a_replay_of_one_record(world: World, undisturbed: EndState) -> None:
    """By its ref, as it stands in a log line; nothing else becomes due."""
    world.restore("done")
    reference = str(letter(world)["record_ref"])
    tried = len(world.rows("reverse_etl_push_log"))
    assert world.run("replay", "--record-ref", reference).exit_code == 0
    assert world.run().exit_code == 0
    assert len(world.rows("reverse_etl_push_log")) == tried + 1

    nobody = world.run("replay", "--record-ref", "0" * 32)
    assert "no open dead letter" in nobody.stdout


@pytest.mark.full
def test_a_correlation_id_is_kept(world: World, undisturbed: EndState) -> None:
    """HubSpot's support asks for it."""
    world.hubspot.faults(
        [{"kind": "whole_batch", "status": 400, "times": 0, "match": {"record": "910001"}}]
    )
    assert world.push().exit_code == 0
    row = letter(world, "910001")
    assert re.fullmatch(r"[0-9a-f-]{36}", str(row["correlation_id"]))
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)
    assert not world.rows("reverse_etl_dlq", "natural_key = '910001' and resolved_at is null")
