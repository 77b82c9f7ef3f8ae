"""Batches against the simulator: guard, write, correlation, splitting, and the push log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pusher.appender import Appender
from pusher.batches import Batch, QueueRow, batches
from pusher.errors import EndedEarly, Failed
from pusher.hubspot import HubSpot
from pusher.results import Tally
from pusher.ship import Shipper
from pusher.warehouse import Warehouse
from tests.pusher.conftest import World, update, upsert

Ship = Callable[..., Shipper]


def row(decision: dict[str, Any]) -> QueueRow:
    return QueueRow(**{name: decision[name] for name in QueueRow._fields})


@pytest.fixture
def ship(world: World, warehouse: Warehouse, hubspot: HubSpot) -> Ship:
    """Ships decisions and waits until their results are in the push log."""

    def run(*decisions: dict[str, Any], size: int = 100, workers: int = 4) -> Shipper:
        appender = Appender(warehouse, spacing=0.05)
        shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", workers)
        try:
            shipper.run([[tuple(row(decision)) for decision in decisions]], size)
        finally:
            appender.close()
        return shipper

    return run


def values(world: World, name: str) -> dict[str, str]:
    """A property of the live contacts by key."""
    live = world.hubspot.live("contacts").values()
    return {str(found.get("amd_patient_id")): str(found.get(name)) for found in live}


def requests(world: World, operation: str) -> int:
    return sum(
        count["count"]
        for count in world.hubspot.request_counts()
        if count["path"].endswith(f"/batch/{operation}")
    )


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


def test_a_bad_record_does_not_keep_the_others(world: World, ship: Ship) -> None:
    """207 with trace ids: one refusal with code and property name, and no value."""
    good = [upsert(str(n), email=f"n{n}@example.org") for n in range(9)]
    ship(*good, upsert("x", email="Jane Doe"))

    assert sorted(world.outcomes().values()) == ["created"] * 9 + ["rejected"]
    refused = next(line for line in world.push_log() if line["outcome"] == "rejected")
    assert (refused["natural_key"], refused["code"]) == ("x", "INVALID_EMAIL")
    assert (refused["category"], refused["property_names"]) == ("VALIDATION_ERROR", "email")
    assert "Jane" not in json.dumps(refused, default=str)


def test_an_error_that_names_nobody_is_followed_until_the_bad_record_stands_alone(
    world: World, ship: Ship
) -> None:
    """207 without trace ids; what was written at the first go is written again, and once."""
    world.hubspot.fault("drop_trace_ids", times=0)
    good = [upsert(str(n), email=f"n{n}@example.org") for n in range(7)]
    ship(*good, upsert("x", email="Jane Doe"))

    outcomes = world.outcomes()
    assert outcomes.pop("x") == "rejected"
    assert len(outcomes) == len(good)
    assert set(outcomes.values()) <= {"created", "updated"}
    assert len(world.hubspot.live("contacts")) == len(good)


@pytest.mark.parametrize("status", [400, 409])
def test_a_batch_refused_whole_is_split_until_the_bad_record_stands_alone(
    world: World, ship: Ship, status: int
) -> None:
    """In logarithmically many requests, and the good ones arrive."""
    world.hubspot.fault("whole_batch", match={"record": "13"}, times=0, status=status)
    ship(*(upsert(str(n)) for n in range(32)))

    outcomes = world.outcomes()
    assert outcomes.pop("13") == "conflict"
    assert set(outcomes.values()) == {"created"}
    assert requests(world, "upsert") <= 1 + 2 * 5


def test_a_duplicate_id_in_one_batch_is_split_too(world: World, ship: Ship) -> None:
    """SQL promises that it never happens; here it costs requests and no data."""
    known = world.hubspot.add("contacts", firstname="A")
    other = world.hubspot.add("contacts", firstname="B")
    ship(update("1", known, city="X"), update("2", known, city="Y"), update("3", other, city="Z"))

    assert world.outcomes()["3"] == "updated"


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
    """One batch read on the key settles them."""
    world.hubspot.set(echo_trace_id=False)
    ship(*(upsert(str(n)) for n in range(5)))

    assert set(world.outcomes().values()) == {"created"}


def test_an_empty_answer_leaves_all_open(world: World, ship: Ship) -> None:
    """They are due again next run; the upsert makes that safe."""
    world.hubspot.fault("empty_results", match={"path_regex": "upsert"})
    ship(upsert("1"), upsert("2"))

    assert world.outcomes() == {"1": "left_out", "2": "left_out"}


def test_a_payload_that_is_no_json_stands_alone(world: World, ship: Ship) -> None:
    """It is refused without a request, and the others arrive."""
    broken = {**upsert("bad"), "properties": '{"firstname": "tab\there'}
    guarded = {**upsert("bad guard"), "guard": "{"}
    ship(upsert("1"), broken, upsert("2"), guarded)

    outcomes = world.outcomes()
    assert outcomes == {"1": "created", "2": "created", "bad": "rejected", "bad guard": "rejected"}


# Guards


def test_a_guarded_row_is_written_while_nothing_has_changed(world: World, ship: Ship) -> None:
    """Null, blank and absent are equal; one read for the batch."""
    known = world.hubspot.add("contacts", city="Old", firstname="")
    ship(update("1", known, {"city": "Old", "firstname": None, "lastname": ""}, city="New"))

    assert world.outcomes() == {"1": "updated"}
    assert requests(world, "read") == 1


def test_what_staff_changed_since_is_not_written(world: World, ship: Ship) -> None:
    """The row is decided afresh by the next run; its neighbours go through."""
    touched = world.hubspot.add("contacts", city="Staff")
    same = world.hubspot.add("contacts", city="Old")
    ship(
        update("1", touched, {"city": "Old"}, city="New"),
        update("2", same, {"city": "Old"}, city="New"),
    )

    assert world.outcomes() == {"1": "changed_in_hubspot", "2": "updated"}
    assert world.hubspot.live("contacts")[touched]["city"] == "Staff"


def test_a_value_that_we_would_write_anyway_passes(world: World, ship: Ship) -> None:
    """So a write that was repeated after a lost answer does not stop at itself."""
    known = world.hubspot.add("contacts", city="New")
    ship(update("1", known, {"city": "Old"}, city="New"))

    assert world.outcomes() == {"1": "updated"}


def test_a_guarded_upsert_reads_by_its_key(world: World, ship: Ship) -> None:
    """A record that came into being since is looked at; one that is not there passes."""
    world.hubspot.add("contacts", amd_patient_id="1", city="Staff")
    ship(upsert("1", {"city": None}, city="New"), upsert("2", {"city": None}, city="New"))

    assert world.outcomes() == {"1": "changed_in_hubspot", "2": "created"}
    assert values(world, "city") == {"1": "Staff", "2": "New"}


def test_a_guard_that_cannot_be_read_holds_the_write_back(world: World, ship: Ship) -> None:
    """Locks fail closed."""
    known = world.hubspot.add("contacts", city="Old")
    world.hubspot.fault("status", match={"path_regex": "batch/read"}, times=0, status=400)
    ship(update("1", known, {"city": "Old"}, city="New"))

    assert world.outcomes() == {"1": "unanswered"}
    assert requests(world, "update") == 0


def test_an_empty_guard_read_is_not_taken_for_a_missing_record(world: World, ship: Ship) -> None:
    """A 2xx with nothing in it is looked at again before an upsert passes."""
    world.hubspot.add("contacts", amd_patient_id="1", city="Staff")
    world.hubspot.fault("empty_results", match={"path_regex": "batch/read"})
    ship(upsert("1", {"city": None}, city="New"))

    assert world.outcomes() == {"1": "changed_in_hubspot"}


def test_a_repeated_write_rests_on_a_fresh_guard(world: World, ship: Ship) -> None:
    """Staff edit between the failed write and its repetition: their value stays."""
    known = world.hubspot.add("contacts", city="Old")
    world.hubspot.fault("status", match={"path_regex": "batch/update"}, status=503)
    second_read = {"path_regex": "batch/read", "after_n_requests": 1}
    world.hubspot.fault("patch", match=second_read, id=known, properties={"city": "Staff"})
    ship(update("1", known, {"city": "Old"}, city="New"))

    assert world.outcomes() == {"1": "changed_in_hubspot"}
    assert world.hubspot.live("contacts")[known]["city"] == "Staff"


# Faults


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502, "html": True},
        {"kind": "status", "status": 404, "html": True},
        {"kind": "status", "status": 423},
        {"kind": "truncated_json"},
        {"kind": "reset_before"},
        {"kind": "reset_after"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}",
)
def test_an_unusable_answer_is_asked_for_again(
    world: World, ship: Ship, fault: dict[str, Any]
) -> None:
    """Whether or not the write was applied: nothing is lost, nothing doubled."""
    world.hubspot.faults([{**fault, "match": {"path_regex": "upsert"}}])
    ship(upsert("1"), upsert("2"))

    assert len(world.hubspot.live("contacts")) == 2
    assert set(world.outcomes().values()) <= {"created", "updated"}
    assert len(world.push_log()) == 2


def test_a_batch_that_never_gets_an_answer_is_unanswered(
    world: World, warehouse: Warehouse
) -> None:
    """While others do: only then is it the batch's own doing."""
    hubspot = HubSpot(world.settings(MAX_RETRIES="1"), "pat-local-test")
    world.hubspot.fault("status", match={"record": "bad"}, times=0, status=500)
    appender = Appender(warehouse, spacing=0.05)
    shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", 1)
    shipper.run([[tuple(row(upsert("bad"))), tuple(row(upsert("good")))]], 1)
    appender.close()

    assert world.outcomes() == {"bad": "unanswered", "good": "created"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_at_once(world: World, ship: Ship, status: int) -> None:
    """Nothing that was not confirmed is marked as done."""
    match = {"path_regex": "upsert", "after_n_requests": 2}
    world.hubspot.fault("status", match=match, times=0, status=status)
    with pytest.raises(Failed) as caught:
        ship(*(upsert(str(n)) for n in range(200)), size=10, workers=1)

    assert caught.value.exit_code == 1
    assert len(world.push_log()) == len(world.hubspot.live("contacts")) == 20
    assert requests(world, "upsert") == 3


def test_the_daily_limit_ends_the_run_as_partial(world: World, ship: Ship) -> None:
    """What was confirmed is recorded; the rest is due next run."""
    match = {"path_regex": "upsert", "after_n_requests": 1}
    world.hubspot.fault("status", match=match, times=0, status=429, policy="DAILY")
    with pytest.raises(EndedEarly) as caught:
        ship(*(upsert(str(n)) for n in range(50)), size=10, workers=1)

    assert caught.value.code == "daily_limit"
    assert len(world.push_log()) == 10


def test_a_page_that_cannot_be_read_does_not_lose_the_ones_before(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """They are shipped and recorded, and the run fails."""

    def pages() -> Iterator[list[tuple[Any, ...]]]:
        yield [tuple(row(upsert("1")))]
        raise Failed("bigquery_backendError")

    appender = Appender(warehouse, spacing=0.05)
    shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", 2)
    with pytest.raises(Failed):
        shipper.run(pages(), 1)
    appender.close()

    assert world.outcomes() == {"1": "created"}


def test_most_records_refused_ends_the_run_early(world: World, ship: Ship) -> None:
    """A property that was deleted under us is not worth two hundred requests a batch."""
    decisions = [upsert(str(n), email="not an address") for n in range(1000)]
    with pytest.raises(Failed) as caught:
        ship(*decisions, size=50, workers=1)

    assert caught.value.code == "reject_rate"
    assert len(world.push_log()) <= 300


@pytest.mark.parametrize(
    ("rejected", "sent", "too_many"), [(19, 20, False), (20, 200, False), (21, 200, True)]
)
def test_the_reject_rate_needs_both_a_share_and_a_number(
    rejected: int, sent: int, too_many: bool
) -> None:
    tally = Tally(10, 20)
    tally.counts["x"].update({"rejected": rejected, "created": sent - rejected})

    assert tally.too_many_rejects() is too_many
