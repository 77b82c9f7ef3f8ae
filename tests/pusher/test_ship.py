"""Batches against the simulator: guard, write, correlation, splitting, and the push log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pusher.appender import Appender
from pusher.errors import EndedEarly, Failed
from pusher.hubspot import HubSpot
from pusher.results import Tally
from pusher.ship import Shipper
from pusher.warehouse import Warehouse
from tests.pusher.conftest import Ship, World, refusable, requests, row, update, upsert, values


def test_a_bad_record_does_not_keep_the_others(world: World, ship: Ship) -> None:
    """207 with trace ids: one refusal with code and property name, and no value."""
    good = [upsert(str(n), email=f"n{n}@example.org") for n in range(9)]
    ship(*good, refusable("x"))

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
    ship(*good, refusable("x"))

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
    assert len(outcomes) == 31
    assert set(outcomes.values()) == {"created"}
    assert requests(world, "upsert") <= 1 + 2 * 5


def test_a_duplicate_id_in_one_batch_is_split_too(world: World, ship: Ship) -> None:
    """SQL promises that it never happens; here it costs requests and no data."""
    known = world.hubspot.add("contacts", firstname="A")
    other = world.hubspot.add("contacts", firstname="B")
    ship(update("1", known, city="X"), update("2", known, city="Y"), update("3", other, city="Z"))

    assert world.outcomes()["3"] == "updated"


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


POISON = {"kind": "status", "status": 500, "times": 0}


@pytest.mark.parametrize("guard", [None, {"city": None}], ids=["write", "guard read"])
@pytest.mark.parametrize("bad", [["13"], ["0", "31"]], ids=["one", "two"])
def test_a_record_that_hubspot_cannot_digest_starves_nobody(
    world: World, ship: Ship, bad: list[str], guard: dict[str, Any] | None
) -> None:
    """The batch is halved until it stands alone, in whatever batch it comes; no outage."""
    path = "/batch/read$" if guard else "/batch/upsert$"
    world.hubspot.faults([{**POISON, "match": {"path_regex": path, "record": key}} for key in bad])
    ship(*(upsert(str(n), guard) for n in range(32)), size=16, workers=2)

    outcomes = world.outcomes()
    assert {key: outcomes.pop(key) for key in bad} == dict.fromkeys(bad, "unanswered")
    assert set(outcomes.values()) == {"created"}
    assert len(outcomes) == 32 - len(bad)
    lines = {line["natural_key"]: line for line in world.push_log()}
    assert {(lines[key]["code"], lines[key]["property_names"]) for key in bad} == {
        ("HTTP_500", None)
    }


def test_a_record_alone_in_the_queue_that_gets_no_answer_is_no_outage(
    world: World, ship: Ship
) -> None:
    world.hubspot.faults([{**POISON, "match": {"record": "bad"}}])
    ship(upsert("bad"))

    assert world.outcomes() == {"bad": "unanswered"}


def test_a_queue_of_which_nothing_gets_an_answer_is_an_outage(world: World, ship: Ship) -> None:
    """However short it is: they are different records."""
    world.hubspot.faults([{**POISON, "match": {"path_regex": "/batch/"}}])
    with pytest.raises(EndedEarly) as caught:
        ship(upsert("1"), upsert("2"))

    assert caught.value.code == "outage"
    assert world.outcomes() == {"1": "unanswered", "2": "unanswered"}


def test_an_outage_of_writes_alone_ends_the_run(
    world: World, ship: Ship, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards can be read all the while; refusals of another kind of request are no comfort."""
    monkeypatch.setattr("pusher.breaker.PATIENCE_SECONDS", 0.2)
    world.hubspot.faults([{**POISON, "match": {"path_regex": "/batch/upsert$"}}])
    with pytest.raises(EndedEarly):
        ship(*(upsert(str(n), {"city": None}) for n in range(400)), size=100)

    assert len(world.push_log()) < 400


def test_a_refusal_is_an_answer(
    world: World, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HubSpot is there: refusals between failures keep them from being an outage."""
    monkeypatch.setattr("pusher.breaker.PATIENCE_SECONDS", 0.0)
    hubspot = HubSpot(world.settings(MAX_RETRIES="0"), "pat-local-test")
    bad, refused = [f"bad{n}" for n in range(5)], [f"refused{n}" for n in range(5)]
    world.hubspot.faults([{**POISON, "match": {"record": key}} for key in bad])
    world.hubspot.faults(
        [{"kind": "whole_batch", "status": 400, "times": 0, "match": {"record": key}}
         for key in refused]
    )  # fmt: skip
    appender = Appender(warehouse, spacing=0.05)
    shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", 1)
    in_turn = [key for pair in zip(bad, refused, strict=True) for key in pair]
    shipper.run([[tuple(row(upsert(key))) for key in in_turn]], 1)
    appender.close()

    assert world.outcomes() == {
        **dict.fromkeys(bad, "unanswered"), **dict.fromkeys(refused, "conflict")
    }  # fmt: skip


def test_a_silent_hubspot_is_given_up_on(world: World, warehouse: Warehouse) -> None:
    """Each request has a timeout; the record comes to stand alone like one that is answered 5xx."""
    settings = world.settings(MAX_RETRIES="0", REQUEST_TIMEOUT_SECONDS="0.3")
    hubspot = HubSpot(settings, "pat-local-test")
    match = {"record": "bad", "path_regex": "/batch/upsert$"}
    world.hubspot.fault("stall", match=match, times=0, seconds=30, when="after")
    appender = Appender(warehouse, spacing=0.05)
    shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", 1)
    started_at = time.monotonic()
    shipper.run([[tuple(row(upsert(key))) for key in ("good", "bad")]], 2)
    appender.close()

    assert time.monotonic() - started_at < 20
    assert world.outcomes() == {"bad": "unanswered", "good": "updated"}


# A property that HubSpot does not take


def test_a_bad_property_keeps_no_other_out(world: World, ship: Ship) -> None:
    """The row is sent once more without it; the log names it beside the confirmation."""
    ids = [world.hubspot.add("contacts", city=str(n)) for n in range(3)]
    bad = update("1", ids[1], city="New", email="Jane Doe")
    ship(update("0", ids[0], city="New"), bad, update("2", ids[2], city="New"))

    assert world.outcomes() == {"0": "updated", "1": "updated", "2": "updated"}
    assert values(world, "city") == {"0": "New", "1": "New", "2": "New"}
    line = next(line for line in world.push_log() if line["natural_key"] == "1")
    assert (line["code"], line["refused_properties"]) == ("INVALID_EMAIL", "email")
    assert line["property_names"] == "amd_patient_id,city"
    assert line["payload_hash"] == bad["payload_hash"]
    assert "Jane" not in json.dumps(line, default=str)
    assert requests(world, "update") == 2


@pytest.mark.parametrize("errors", ["whole_batch", "row"])
@pytest.mark.parametrize("status", ["207", "200"])
@pytest.mark.parametrize("told", ["structured", "message_only"])
def test_a_property_is_left_out_however_hubspot_says_so(
    world: World, ship: Ship, errors: str, status: str, told: str
) -> None:
    world.hubspot.set(update_errors_with_trace_ids=errors, partial_errors=status, value_errors=told)
    ids = [world.hubspot.add("contacts", city=str(n)) for n in range(4)]
    try:
        ship(
            *(
                update(str(n), found, city="New", email="Jane Doe" if n == 2 else f"n{n}@b.org")
                for n, found in enumerate(ids)
            )
        )
    finally:
        world.hubspot.set(value_errors="structured")

    assert set(world.outcomes().values()) == {"updated"}
    assert set(values(world, "city").values()) == {"New"}
    assert [line["refused_properties"] for line in world.push_log()] == [None, None, "email", None]


def test_a_row_of_which_several_properties_are_refused_arrives_without_them(
    world: World, ship: Ship
) -> None:
    """An error for each of them, all under the trace id of the row."""
    known = world.hubspot.add("contacts", city="Old")
    bad = update("1", known, city="New", email="Jane Doe", phone="Jane")
    errors = [
        {"category": "VALIDATION_ERROR", "message": "no",
         "context": {"objectWriteTraceId": [bad["record_ref"]]},
         "errors": [{"code": code, "context": {"propertyName": [name]}}]}
        for name, code in (("email", "INVALID_EMAIL"), ("phone", "INVALID_PHONE_NUMBER"))
    ]  # fmt: skip
    world.hubspot.fault("status", match={"path_regex": "/batch/update$"}, status=207,
                        body={"status": "COMPLETE", "results": [], "errors": errors})  # fmt: skip
    ship(bad)

    assert world.outcomes() == {"1": "updated"}
    assert values(world, "city") == {"1": "New"}
    (line,) = world.push_log()
    assert (line["refused_properties"], line["code"]) == ("email,phone", "INVALID_EMAIL")


def test_what_a_row_is_not_sent_without_is_a_refusal(
    world: World, warehouse: Warehouse, hubspot: HubSpot
) -> None:
    """SQL says what that is, for each operation; and a key alone makes no record."""
    known, bare = world.hubspot.add("contacts", city="A"), world.hubspot.add("contacts", city="B")
    done = world.hubspot.add("contacts", city="C")
    appender = Appender(warehouse, spacing=0.05)
    needed = [("patients", "upsert", "email")]
    shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", 1, needed=needed)
    decisions = (
        upsert("1", email="Jane Doe"),
        update("2", known, city="New", email="Jane Doe"),
        update("3", bare, email="Jane Doe"),
        update("4", done) | {"properties": '{"email": "Jane Doe"}'},
        refusable("5"),
    )
    shipper.run([[tuple(row(decision)) for decision in decisions]], 100)
    appender.close()

    assert world.outcomes() == {
        "1": "rejected", "2": "updated", "3": "updated", "4": "updated", "5": "rejected"
    }  # fmt: skip
    lines = {line["natural_key"]: line for line in world.push_log()}
    assert lines["3"]["property_names"] == "amd_patient_id"
    assert (lines["4"]["property_names"], lines["4"]["refused_properties"]) == ("", "email")


def test_what_stands_against_the_rest_too_is_a_refusal(world: World, ship: Ship) -> None:
    """Sent twice, refused twice: one result, and no third try."""
    known = world.hubspot.add("contacts", city="Old")
    match = {"path_regex": "/batch/update$"}
    refusal = {
        "category": "VALIDATION_ERROR", "message": "no",
        "errors": [{"code": "INVALID_OPTION", "context": {"propertyName": ["firstname"]}}],
    }  # fmt: skip
    world.hubspot.fault("status", match=match, times=0, status=400, body=refusal)
    ship(update("1", known, city="New", firstname="A"))

    assert world.outcomes() == {"1": "rejected"}
    assert requests(world, "update") == 2
    assert [line["property_names"] for line in world.push_log()] == ["firstname"]


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


def test_most_records_refused_stops_their_entity_early(world: World, ship: Ship) -> None:
    """A rule that hardly a contact meets is not worth two hundred requests a batch, and keeps no
    ROI waiting; what ends the run says which, and what for."""
    contacts = [refusable(str(n)) for n in range(1000)]
    rois = [
        {
            **upsert(f"r{n}"), "entity": "rois", "object_type": "p_roi", "id_property": "roi_id",
            "properties": json.dumps({"roi_id": f"r{n}", "roi_type": "A"}),
        }
        for n in range(60)
    ]  # fmt: skip
    with pytest.raises(Failed) as caught:
        ship(*contacts[:500], *rois[:30], *contacts[500:], *rois[30:], size=50, workers=1)

    assert caught.value.code == "reject_rate"
    assert "patients" in caught.value.hint
    assert "INVALID_EMAIL (email)" in caught.value.hint
    log = world.push_log()
    assert len([line for line in log if line["entity"] == "patients"]) <= 300
    assert [line["outcome"] for line in log if line["entity"] == "rois"] == ["created"] * 60
