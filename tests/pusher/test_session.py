"""What a command has before it writes: both ends, the right portal, the lease."""

from __future__ import annotations

import json

import pytest

from pusher import session
from pusher.errors import Failed, SettingsError
from tests.pusher.conftest import World

UPSERT = json.dumps(
    {
        "inputs": [
            {"id": "1", "idProperty": "amd_patient_id",
             "properties": {"amd_patient_id": "1", "firstname": "N"}}
        ]
    }
).encode()  # fmt: skip


def test_entities_are_those_asked_for_in_the_catalogue_s_spelling(world: World) -> None:
    assert session.reach(world.settings()).entities == ["patients", "rois"]
    assert session.reach(world.settings(), entities=("rois",)).entities == ["rois"]
    with pytest.raises(SettingsError, match="patients, rois"):
        session.reach(world.settings(), entities=("roi",))


def test_nothing_is_written_to_hubspot_before_the_lease_is_found_ours(world: World) -> None:
    """Reading needs none; once another run has the lease, no write leaves this process."""
    at = session.connect(world.settings())
    with session.holding_lease(at):
        at.hubspot.batch("contacts", "upsert", UPSERT)
        assert len(world.hubspot.live("contacts")) == 1
        world.hubspot.clear_requests()

        world.query("update etl.reverse_etl_lease set holder = 'another' where true")
        at.lease._ends_at = 0.0
        with pytest.raises(Failed, match="lease_lost"):
            at.hubspot.batch("contacts", "upsert", UPSERT)
        at.hubspot.batch("contacts", "read", b'{"inputs": [], "properties": []}')

    assert not world.hubspot.writes()
    assert world.query("select holder from etl.reverse_etl_lease") == [{"holder": "another"}]


def test_a_write_begins_only_where_the_lease_outlives_its_longest_wait(world: World) -> None:
    """An answer after its end could be to a write in another run's time."""
    at = session.connect(world.settings(REQUEST_TIMEOUT_SECONDS="60"))
    asked: list[float] = []
    with session.holding_lease(at), pytest.MonkeyPatch.context() as patch:
        patch.setattr(at.lease, "check", asked.append)
        at.hubspot.batch("contacts", "upsert", UPSERT)

    assert asked == [65.0]
