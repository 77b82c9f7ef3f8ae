"""Rows of the queue in requests."""

from __future__ import annotations

import json

from pusher.batches import Batch, batches
from tests.pusher.conftest import Ship, World, row, update, upsert


def test_rows_are_grouped_by_what_can_share_a_request() -> None:
    """Object, operation and being guarded; up to the size; the rest at the end."""
    decisions = [upsert(str(n)) for n in range(5)] + [upsert("g", {"city": None}), update("u", "1")]
    rows = [tuple(row(decision)) for decision in decisions]

    grouped = [[one.natural_key for one in batch.rows] for batch in batches(iter(rows), 2)]

    assert grouped == [["0", "1"], ["2", "3"], ["4"], ["g"], ["u"]]


def test_a_body_carries_the_properties_as_sql_wrote_them() -> None:
    """No value is parsed and written again on the way."""
    decision = upsert("1")
    decision["properties"] = '{"amd_patient_id": "1", "city": "Zo\\u00eb \\ud83d\\ude00 \\"q\\""}'
    body = Batch([row(decision)]).write_body()

    assert decision["properties"].encode() in body
    assert json.loads(body)["inputs"][0]["idProperty"] == "amd_patient_id"
    assert json.loads(body)["inputs"][0]["id"] == "1"


def test_a_payload_that_is_no_json_stands_alone(world: World, ship: Ship) -> None:
    """It is refused without a request, and the others arrive."""
    broken = {**upsert("bad"), "properties": '{"firstname": "tab\there'}
    guarded = {**upsert("bad guard"), "guard": "{"}
    ship(upsert("1"), broken, upsert("2"), guarded)

    outcomes = world.outcomes()
    assert outcomes == {"1": "created", "2": "created", "bad": "rejected", "bad guard": "rejected"}


# Guards
