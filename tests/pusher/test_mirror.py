"""The mirror: all of HubSpot once, then what changed, across caps and equal timestamps."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pusher import mirror
from pusher.errors import Failed
from pusher.hubspot import HubSpot
from pusher.mirror import Refreshed
from pusher.warehouse import Warehouse
from sandbox.hubspot.client import TOKEN
from tests.pusher.conftest import World


def refresh(
    world: World, warehouse: Warehouse, hubspot: HubSpot, *, full: bool = False
) -> Refreshed:
    """Refresh the first entity, with HubSpot's clock as a run would have it."""
    settings = world.settings()
    hubspot.portal_id()
    plan = warehouse.query("select * from etl.mirror_plan where entity = 'patients'")[0]
    return mirror.refresh(warehouse, hubspot, settings, plan, full=full)


def mirrored(world: World) -> dict[str, dict[str, Any]]:
    rows = world.query("select * from etl.hubspot_mirror where not is_dead")
    return {row["hubspot_id"]: json.loads(row["properties"]) for row in rows}


def searches(world: World) -> int:
    return sum(
        count["count"]
        for count in world.hubspot.request_counts()
        if count["path"].endswith("/search")
    )


def load(world: World, count: int, **more: Any) -> None:
    records = ({"properties": {"firstname": f"N{n}"}, **more} for n in range(count))
    world.hubspot.load("contacts", records, ids=False)


def test_the_first_refresh_reads_everything(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """Page by page from the primary store; values as HubSpot returned them."""
    load(world, 350)
    done = refresh(world, warehouse, hubspot)

    assert (done.mode, done.rows) == ("full", 350)
    assert len(mirrored(world)) == 350
    assert {p["firstname"] for p in mirrored(world).values()} == {f"N{n}" for n in range(350)}
    assert world.query("select count(*) as n from etl.hubspot_mirror_stage")[0]["n"] == 0


def test_half_an_emoji_does_not_end_a_refresh(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """A lone surrogate, as UTF-16 cut to a length leaves one, becomes a question mark."""
    cut = [{"properties": {"firstname": "Zo\u00eb \ud83d"}}, {"properties": {"firstname": "Ann"}}]
    world.hubspot.load("contacts", cut, ids=False)
    refresh(world, warehouse, hubspot)

    assert sorted(p["firstname"] for p in mirrored(world).values()) == ["Ann", "Zo\u00eb ?"]


def test_a_delta_reads_only_what_changed_since(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """One request where nothing changed; edits and new records otherwise."""
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    load(world, 300, updatedAt=old)
    refresh(world, warehouse, hubspot)
    world.hubspot.clear_requests()
    assert refresh(world, warehouse, hubspot).rows == 0
    assert searches(world) == 1

    edited = next(iter(mirrored(world)))
    world.hubspot.edit("contacts", edited, firstname="Edited")
    added = world.hubspot.add("contacts", firstname="Added")
    assert refresh(world, warehouse, hubspot).rows == 2

    assert mirrored(world)[edited]["firstname"] == "Edited"
    assert mirrored(world)[added]["firstname"] == "Added"
    assert len(mirrored(world)) == 301


def test_a_delta_passes_the_cap_on_results_and_equal_timestamps(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """10,000 results and more, all changed in the same instant."""
    refresh(world, warehouse, hubspot)
    load(world, 10_450, updatedAt=datetime.now(UTC).isoformat())
    hubspot.limiter._interval["search"] = 0.0

    assert refresh(world, warehouse, hubspot).rows == 10_450
    assert len(mirrored(world)) == 10_450


def test_spans_read_at_once_hide_no_record_while_others_leave_the_results(
    world: World, warehouse: Warehouse
) -> None:
    """Were a page found by its place, each record that leaves would hide one at its end."""
    refresh(world, warehouse, HubSpot(world.settings(), TOKEN))
    load(world, 5_000, updatedAt=datetime.now(UTC).isoformat())
    known = sorted(world.hubspot.live("contacts"), key=int)
    leaving = iter(known[:100])
    at_once: set[int] = set()

    class Busy(HubSpot):
        def search(self, object_type: str, body: dict[str, Any]) -> dict[str, Any]:
            document = super().search(object_type, body)
            at_once.add(threading.get_ident())
            world.hubspot.archive(next(leaving))
            return document

    hubspot = Busy(world.settings(), TOKEN)
    hubspot.limiter._interval["search"] = 0.0
    refresh(world, warehouse, hubspot)

    assert set(known[100:]) <= set(mirrored(world))
    assert len(at_once) > 1


def test_an_overlap_that_is_known_is_not_read_again(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """One request asks whether HubSpot's index shows more of it than the mirror holds."""
    load(world, 450)
    world.hubspot.set(clock_offset_ms=5_000)
    refresh(world, warehouse, hubspot)
    world.hubspot.set(clock_offset_ms=10_000)
    world.hubspot.clear_requests()

    assert refresh(world, warehouse, hubspot).rows == 0
    assert searches(world) == 2


def test_a_late_record_in_the_overlap_is_found(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """The index lags behind the store: what it shows late lies before the watermark."""
    load(world, 450)
    world.hubspot.set(clock_offset_ms=5_000)
    refresh(world, warehouse, hubspot)
    late = datetime.now(UTC) - timedelta(minutes=1)
    world.hubspot.load("contacts", [{"properties": {"firstname": "Late"},
                                     "updatedAt": late.isoformat()}])  # fmt: skip
    refresh(world, warehouse, hubspot)

    assert "Late" in {p["firstname"] for p in mirrored(world).values()}


def test_a_listing_that_lost_records_does_not_replace_the_mirror(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """An empty one neither, although it leaves nothing to check."""
    load(world, 50)
    refresh(world, warehouse, hubspot)
    world.hubspot.reset(["requests"])

    for survivors in (0, 20):
        load(world, survivors)
        with pytest.raises(Failed) as caught:
            refresh(world, warehouse, hubspot, full=True)
        assert caught.value.code == "mirror_shrank"
    assert len(mirrored(world)) == 50


def test_what_is_gone_is_buried_at_once(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """The row keeps its id only, and the watermark stays where the refresh put it."""
    load(world, 3)
    done = refresh(world, warehouse, hubspot)
    gone = next(iter(mirrored(world)))
    mirror.bury(warehouse, "patients", [gone], done.watermark)

    assert gone not in mirrored(world)
    dead = world.query("select * from etl.hubspot_mirror where is_dead")
    assert [(row["hubspot_id"], row["properties"]) for row in dead] == [(gone, None)]
