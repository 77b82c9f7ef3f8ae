"""What HubSpot answered, matched to what was sent, and when there are too many refusals."""

from __future__ import annotations

import pytest

from pusher.errors import Refusal
from pusher.results import Result, Tally
from tests.pusher.conftest import Ship, World, requests, row, update, upsert, values


@pytest.mark.parametrize("echo", [True, False], ids=["echoed trace ids", "none echoed"])
def test_results_are_matched_in_any_order(world: World, ship: Ship, echo: bool) -> None:
    """By trace id or by key, never by position; ids in the log are the records' own."""
    world.hubspot.set(echo_trace_id=echo, shuffle_results=True)
    ship(*(upsert(str(n), firstname=f"N{n}") for n in range(60)))

    by_id = {key: p["amd_patient_id"] for key, p in world.hubspot.live("contacts").items()}
    assert {line["hubspot_id"]: line["natural_key"] for line in world.push_log()} == by_id
    assert set(world.outcomes().values()) == {"created"}
    assert requests(world, "upsert") == 1
    assert requests(world, "read") == 0


def test_an_upsert_of_what_exists_is_an_update(world: World, ship: Ship) -> None:
    """Sending twice is safe, and told apart."""
    ship(upsert("1", firstname="A"))
    ship(upsert("1", firstname="B"))

    assert values(world, "firstname") == {"1": "B"}
    assert sorted(line["is_new"] for line in world.push_log()) == [False, True]


def test_a_clash_with_another_record_is_a_conflict(world: World, ship: Ship) -> None:
    """Not a refusal of this record's values: it may go through tomorrow."""
    world.hubspot.add("contacts", email="taken@example.org", amd_patient_id="0")
    mine = world.hubspot.add("contacts", firstname="A")
    ship(update("1", mine, email="taken@example.org"))

    assert world.outcomes() == {"1": "conflict"}


def test_a_deleted_record_is_not_found_and_reported_as_gone(world: World, ship: Ship) -> None:
    """207 OBJECT_NOT_FOUND names it."""
    gone, kept = world.hubspot.add("contacts", city="A"), world.hubspot.add("contacts", city="B")
    world.hubspot.archive(gone)
    shipper = ship(update("1", gone, city="X"), update("2", kept, city="Y"))

    assert world.outcomes() == {"1": "not_found", "2": "updated"}
    assert shipper.gone == {"patients": [gone]}


def test_a_record_that_the_answer_leaves_out_is_not_taken_for_written(
    world: World, ship: Ship
) -> None:
    """A 2xx without a row for it proves nothing."""
    ids = [world.hubspot.add("contacts", city=str(n)) for n in range(3)]
    world.hubspot.fault("leave_out", match={"path_regex": "update"}, ids=[ids[1]])
    ship(*(update(str(n), found, city="X") for n, found in enumerate(ids)))

    assert world.outcomes() == {"0": "updated", "1": "left_out", "2": "updated"}


def test_results_without_trace_id_and_key_are_looked_up(world: World, ship: Ship) -> None:
    """One batch read on the key says which of them is whose."""
    ids = {key: world.hubspot.add("contacts", amd_patient_id=key) for key in "123"}
    written = [{"id": ids[key], "properties": {}, "new": False} for key in "312"]
    world.hubspot.fault(
        "status", match={"path_regex": "upsert"}, status=200, apply=True,
        body={"status": "COMPLETE", "results": written},
    )  # fmt: skip
    ship(*(upsert(key) for key in "123"))

    assert set(world.outcomes().values()) == {"updated"}
    assert {line["natural_key"]: line["hubspot_id"] for line in world.push_log()} == ids
    assert (requests(world, "upsert"), requests(world, "read")) == (1, 1)


def test_an_empty_answer_leaves_all_open(world: World, ship: Ship) -> None:
    """They are due again next run; the upsert makes that safe."""
    world.hubspot.fault("empty_results", match={"path_regex": "upsert"})
    ship(upsert("1"), upsert("2"))

    assert world.outcomes() == {"1": "left_out", "2": "left_out"}


def test_names_that_are_no_property_of_the_row_are_not_logged(world: World, ship: Ship) -> None:
    """Anything else in an error may be a value; and nothing is left out on its account."""
    refusal = {
        "category": "VALIDATION_ERROR", "message": "no",
        "errors": [{"code": "INVALID", "context": {"propertyName": ["Jane", "lastname"]}}],
    }  # fmt: skip
    world.hubspot.fault("status", match={"path_regex": "upsert"}, status=400, body=refusal)
    ship(upsert("1"))

    assert world.outcomes() == {"1": "rejected"}
    assert world.push_log()[0]["property_names"] is None
    assert requests(world, "upsert") == 1


@pytest.mark.parametrize(
    ("rejected", "sent", "too_many"), [(19, 20, False), (20, 200, False), (21, 200, True)]
)
def test_the_reject_rate_needs_both_a_share_and_a_number(
    rejected: int, sent: int, too_many: bool
) -> None:
    """Of one entity: many good records of another do not make up for it."""
    tally = Tally(10, 20)
    one = row(upsert("1"))
    tally.add([Result(one, "rejected", refusal=Refusal(code="NO"))] * rejected)
    tally.add([Result(one, "created")] * (sent - rejected))
    tally.add([Result(one._replace(entity="rois"), "created")] * 10_000)

    why = tally.too_many_rejects()
    assert bool(why) is too_many
    assert not why or (why.startswith("patients") and "NO" in why)
