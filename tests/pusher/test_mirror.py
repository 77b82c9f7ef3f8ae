"""The mirror: all of HubSpot once, then what changed, across caps and equal timestamps."""

from __future__ import annotations

import json
import re
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


def requests(world: World, path: str) -> int:
    return sum(
        count["count"] for count in world.hubspot.request_counts() if re.search(path, count["path"])
    )


def searches(world: World) -> int:
    return requests(world, "/search$")


def listings(world: World) -> int:
    return requests(world, r"/objects/[^/]*/?[^/]*$")


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


@pytest.mark.parametrize("full", [True, False])
def test_what_is_empty_is_null_whether_hubspot_shows_it_or_not(
    world: World, warehouse: Warehouse, hubspot: HubSpot, full: bool
) -> None:
    """A guard of a property that the mirror does not know holds its record back."""
    load(world, 2)
    refresh(world, warehouse, hubspot)
    shown = mirrored(world)
    world.hubspot.set(empty_properties="absent")
    for record_id in world.hubspot.live("contacts"):
        world.hubspot.edit("contacts", record_id, firstname="Ann")
    refresh(world, warehouse, hubspot, full=full)

    assert {record_id: set(found) for record_id, found in mirrored(world).items()} == {
        record_id: set(found) for record_id, found in shown.items()
    }
    assert {found["firstname"] for found in mirrored(world).values()} == {"Ann"}
    assert None in next(iter(shown.values())).values()


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
    """Three requests where nothing changed; edits and new records otherwise."""
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    load(world, 300, updatedAt=old)
    refresh(world, warehouse, hubspot)
    world.hubspot.clear_requests()
    assert refresh(world, warehouse, hubspot).rows == 0
    assert searches(world) == 2  # what changed, and how many there are
    assert listings(world) == 1  # of the recycling bin

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


def test_the_overlap_is_always_read(world: World, warehouse: Warehouse, hubspot: HubSpot) -> None:
    """Equal counts with different sets: one left the overlap, another came in late."""
    load(world, 450)
    refresh(world, warehouse, hubspot)
    world.hubspot.archive(next(iter(mirrored(world))))
    late = datetime.now(UTC) - timedelta(minutes=1)
    world.hubspot.load("contacts", [{"properties": {"firstname": "Late"},
                                     "updatedAt": late.isoformat()}])  # fmt: skip

    assert refresh(world, warehouse, hubspot).mode == "delta"
    assert "Late" in {p["firstname"] for p in mirrored(world).values()}
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))


def test_a_late_record_in_the_overlap_is_found(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """The index lags behind the store: what it shows late lies before the watermark."""
    load(world, 450)
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


@pytest.mark.parametrize("listed", [0, 1])
def test_a_first_listing_that_lacks_most_of_what_hubspot_counts_is_no_mirror(
    world: World, warehouse: Warehouse, hubspot: HubSpot, listed: int
) -> None:
    """There is nothing yet that it could have lost; but whoever it lacks would be made anew."""
    load(world, 150)
    page = {"results": [{"id": key, "properties": {}} for key in world.hubspot.live("contacts")]}
    page["results"] = page["results"][:listed]
    world.hubspot.fault("status", status=200, body=page, match={"path_regex": "/(contacts|0-1)$"})

    with pytest.raises(Failed) as caught:
        refresh(world, warehouse, hubspot)
    assert caught.value.code == "mirror_short"
    assert mirrored(world) == {}
    assert refresh(world, warehouse, hubspot).mode == "full"
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))


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


def test_the_watermark_is_hubspots_clock_before_the_first_page(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """Neither ours, nor the time at which the last page came."""
    load(world, 250)
    world.hubspot.set(clock_offset_ms=3_600_000)
    hubspot.portal_id()
    before = hubspot.clock
    started_at = datetime.now(UTC)

    class Later(HubSpot):
        def page(self, *arguments: Any, **options: Any) -> dict[str, Any]:
            document = super().page(*arguments, **options)
            self.clock += timedelta(minutes=5)
            return document

    done = refresh(world, warehouse, Later(world.settings(), TOKEN))

    assert before <= done.watermark < before + timedelta(minutes=1)
    assert done.watermark > started_at + timedelta(minutes=50)
    stored = world.query("select watermark from etl.hubspot_mirror_state")[0]["watermark"]
    assert stored == done.watermark


@pytest.mark.parametrize("paging", ["absent", "null", "empty"])
@pytest.mark.parametrize("mode", ["full", "delta"])
def test_only_the_absence_of_a_next_page_ends_a_listing(
    world: World, warehouse: Warehouse, hubspot: HubSpot, mode: str, paging: str
) -> None:
    """A page shorter than it may be is not the last, not even one without any row."""
    world.hubspot.set(last_page_paging=paging)
    if mode == "delta":
        refresh(world, warehouse, hubspot)
    load(world, 450, updatedAt=datetime.now(UTC).isoformat())
    path = {"full": "/(contacts|0-1)$", "delta": "/search$"}[mode]
    world.hubspot.faults(
        [
            {"kind": "short_page", "count": count, "match": {"path_regex": path}}
            for count in (30, 0, 1, 100)
        ]
    )
    done = refresh(world, warehouse, hubspot, full=mode == "full")

    assert done.mode == mode
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))


@pytest.mark.parametrize("kind", ["empty_body", "unlisted"])
@pytest.mark.parametrize("mode", ["full", "delta"])
def test_an_answer_without_results_is_asked_for_again(
    world: World, warehouse: Warehouse, hubspot: HubSpot, mode: str, kind: str
) -> None:
    """It ends no refresh, and buries nobody."""
    load(world, 250)
    if mode == "delta":
        refresh(world, warehouse, hubspot)
        load(world, 250)
    match = {"path_regex": {"full": "/(contacts|0-1)$", "delta": "/search$"}[mode]}
    fault = {"kind": "empty_body"} if kind == "empty_body" else {
        "kind": "status", "status": 200, "body": {"total": 0, "paging": None}
    }  # fmt: skip
    world.hubspot.faults([{**fault, "match": match}])
    refresh(world, warehouse, hubspot, full=mode == "full")

    assert world.hubspot.fired()
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))


def test_a_search_that_counts_more_than_it_shows_is_not_believed(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """All is read instead, from the primary store."""
    refresh(world, warehouse, hubspot)
    load(world, 250)
    short = {"total": 250, "results": []}
    world.hubspot.faults(
        [{"kind": "status", "status": 200, "body": short, "match": {"path_regex": "/search$"}}]
    )
    assert refresh(world, warehouse, hubspot).mode == "full"
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))


def test_nothing_is_buried_for_not_being_listed(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """Whom a full listing lacks is asked for by id: one is there after all, one is gone."""
    load(world, 40)
    refresh(world, warehouse, hubspot)
    known = sorted(mirrored(world), key=int)
    world.hubspot.archive(known[1])
    left_out = {"path_regex": "/(contacts|0-1)$"}
    world.hubspot.fault("leave_out", match=left_out, ids=[known[0]])
    refresh(world, warehouse, hubspot, full=True)

    assert requests(world, "/batch/read$") == 1
    assert set(mirrored(world)) == set(known) - {known[1]}


def test_of_whom_hubspot_says_nothing_the_mirror_keeps_what_it_has(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """Neither listed, nor read, nor reported missing."""
    load(world, 40)
    refresh(world, warehouse, hubspot)
    known = sorted(mirrored(world), key=int)
    world.hubspot.fault("leave_out", match={"path_regex": "/(contacts|0-1)$"}, ids=[known[0]])
    world.hubspot.fault("empty_results", match={"path_regex": "/batch/read$"})
    refresh(world, warehouse, hubspot, full=True)

    assert set(mirrored(world)) == set(known)


@pytest.mark.parametrize("how", ["archive", "gdpr_delete"])
def test_what_staff_deleted_is_dead_the_next_night(
    world: World, warehouse: Warehouse, hubspot: HubSpot, how: str
) -> None:
    """The recycling bin is read in each run; who is not even there is missed by the count."""
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    load(world, 120, updatedAt=old)
    refresh(world, warehouse, hubspot)
    gone = next(iter(mirrored(world)))
    getattr(world.hubspot, how)(gone)
    done = refresh(world, warehouse, hubspot)

    assert done.mode == {"archive": "delta", "gdpr_delete": "full"}[how]
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))
    assert gone not in mirrored(world)


def test_a_full_recycling_bin_does_not_cost_a_request_for_each_hundred(
    world: World, warehouse: Warehouse, hubspot: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many pages and no more; whom they lack, the count misses."""
    monkeypatch.setattr(mirror, "ARCHIVED_PAGES", 2)
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    load(world, 250, updatedAt=old, archived=True)
    load(world, 40, updatedAt=old)
    refresh(world, warehouse, hubspot)
    gone = next(iter(mirrored(world)))
    world.hubspot.archive(gone)
    assert refresh(world, warehouse, hubspot).mode == "full"
    assert set(mirrored(world)) == set(world.hubspot.live("contacts"))

    world.hubspot.clear_requests()
    assert refresh(world, warehouse, hubspot).mode == "delta"
    assert listings(world) == 2


def test_a_restored_record_lives_again(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """Whether or not the restoring touched its last-modified time."""
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    load(world, 20, updatedAt=old)
    refresh(world, warehouse, hubspot)
    gone = next(iter(mirrored(world)))
    world.hubspot.archive(gone)
    refresh(world, warehouse, hubspot)
    world.hubspot.restore(gone)
    refresh(world, warehouse, hubspot)

    assert gone in mirrored(world)
