"""HubSpot misbehaves: every way in which it fails to answer, and what staff do in mid-run."""

from __future__ import annotations

import json
import signal
import time
from random import Random
from typing import Any

import pytest

from tests.chaos.clinic import MAPPED_PATIENTS, MARK
from tests.chaos.conftest import seed
from tests.chaos.process import Done
from tests.chaos.world import EndState, World

Fault = dict[str, Any]

WRITES = "/batch/(update|upsert)$"
BATCHES = "/batch/"

# A request that is answered by one of these is asked again, and does no harm twice.
PASSING: dict[str, Fault] = {
    "burst": {"kind": "status", "status": 429, "retry_after": 1},
    "secondly": {"kind": "status", "status": 429, "policy": "SECONDLY"},
    "423": {"kind": "status", "status": 423},
    "477 for a second": {"kind": "status", "status": 477, "retry_after": 1},
    **{
        str(status): {"kind": "status", "status": status}
        for status in (500, 502, 503, 504, 521, 523, 524)
    },
    "500 after": {"kind": "status", "status": 500, "apply": True},
    "502 after": {"kind": "status", "status": 502, "apply": True, "html": True},
    "504 after": {"kind": "status", "status": 504, "apply": True},
    "html 502": {"kind": "status", "status": 502, "html": True},
    "html 404": {"kind": "status", "status": 404, "html": True},
    "half a json": {"kind": "truncated_json", "mode": "body"},
    "half a json after": {"kind": "truncated_json", "mode": "body", "apply": True},
    "half an answer": {"kind": "truncated_json", "mode": "connection"},
    "half an answer after": {"kind": "truncated_json", "mode": "connection", "apply": True},
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "stall before": {"kind": "stall", "seconds": 4, "when": "before"},
    "stall after": {"kind": "stall", "seconds": 4, "when": "after"},
    "no trace ids": {"kind": "drop_trace_ids"},
}
# The write was done or not, and the answer does not say so: decided afresh in the next run.
SILENT: dict[str, Fault] = {
    "empty": {"kind": "empty_results"},
    "empty after": {"kind": "empty_results", "apply": True},
    "one left out": {"kind": "leave_out", "count": 1},
    "no body": {"kind": "empty_body", "apply": False},
    "no body after": {"kind": "empty_body"},
}
# What a listing or a search may answer, and is not at its end.
PAGES: dict[str, Fault] = {
    "short page": {"kind": "short_page", "count": 1},
    "empty page": {"kind": "short_page", "count": 0},
}
QUICK = {"REQUEST_TIMEOUT_SECONDS": "2"}


# ---------------------------------------------------------------- what passes


def test_a_storm_of_every_passing_fault_changes_nothing(
    world: World, undisturbed: EndState
) -> None:
    """One run, each fault once, in an order that follows from the seed."""
    random = Random(f"{seed()} storm")
    names = list(PASSING)
    random.shuffle(names)
    world.hubspot.faults(
        [
            {
                **PASSING[name],
                "name": name,
                "match": {"path_regex": BATCHES, "after_n_requests": random.randint(0, 2)},
            }
            for name in names
        ]
    )
    done = world.push(**QUICK, WORKERS="8", BATCH_SIZE="5", MAX_RETRIES="12")

    fired = {entry["name"] for entry in world.hubspot.fired()}
    assert done.exit_code == 0, done
    assert fired == set(PASSING)
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("name", [*PASSING, *SILENT])
@pytest.mark.parametrize("place", ["read", "update", "upsert"])
def test_a_fault_passes(world: World, undisturbed: EndState, name: str, place: str) -> None:
    """Alone, in the guard read, an update and an upsert; what stays open, the next run settles."""
    random = Random(f"{seed()} {name} {place}")
    fault = {**PASSING, **SILENT}[name]
    match = {"path_regex": f"/batch/{place}$", "after_n_requests": random.randint(0, 3)}
    world.hubspot.faults([{**fault, "name": name, "match": match}])
    done = world.push(**QUICK)

    assert done.exit_code == 0, done
    assert world.hubspot.fired()
    if name in SILENT:
        assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize(
    "name", [*(name for name in PASSING if "after" not in name), "no body", *PAGES]
)
def test_reading_hubspot_back_passes_faults(world: World, undisturbed: EndState, name: str) -> None:
    """Portal, schemas, listing and search, each of them once."""
    world.restore("fresh")
    paths = ["/objects/.*(contacts|0-1)$", "/search$"]
    if name not in PAGES:
        paths += ["/account-info/", "/schemas/", "/properties/"]
    fault = {**PASSING, **SILENT, **PAGES}[name]
    world.hubspot.faults([{**fault, "name": name, "match": {"path_regex": path}} for path in paths])
    for done in (world.push(**QUICK), world.run(**QUICK)):  # all of it, and then the changes
        assert done.exit_code == 0, done
    assert len(world.hubspot.fired()) == len(paths)
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("setting", [
    {"echo_trace_id": False}, {"shuffle_results": False}, {"clash_with_trace_ids": "whole_batch"},
    {"update_errors_with_trace_ids": "row"}, {"merged_in_batch_update": "not_found"},
    {"merged_in_batch_read": "not_found"}, {"missing_id_errors": "one_per_input"},
    {"update_clash": "409"}, {"unique_case_insensitive": True}, {"upsert_archived_key": "restore"},
    {"partial_errors": "200"}, {"empty_properties": "absent"}, {"identical_write": "keep"},
    {"value_errors": "message_only"}, {"last_page_paging": "null"}, {"last_page_paging": "empty"},
    {"upsert_needs_key_in_properties": True}, {"contact_needs_identity": False},
    {"primary_id_preservation": True}, {"batch_read_secondary_email": True},
    {"list_over_limit": "reject"}, {"sensitive_definitions_without_scope": "reject"},
], ids=str)  # fmt: skip
def test_what_hubspot_leaves_open_makes_no_difference(
    world: World, undisturbed: EndState, setting: dict[str, Any]
) -> None:
    """207 and whole-batch refusals, with and without trace ids, in any order."""
    before = {name: world.hubspot.settings()[name] for name in setting}
    world.hubspot.set(**setting)
    try:
        done = world.push()
        again = world.run()
    finally:
        world.hubspot.set(**before)

    assert (done.exit_code, again.exit_code) == (0, 0), done
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("status", [400, 409])
def test_a_batch_refused_whole_keeps_nobody_else(
    world: World, undisturbed: EndState, status: int
) -> None:
    """The one record stands alone as a conflict, and its value is in no log; then it is sent."""
    key = f"{MARK}1@example.org"  # this address is among the inputs of one batch
    world.hubspot.faults(
        [{"kind": "whole_batch", "status": status, "times": 0, "match": {"record": key}}]
    )
    done = world.push()
    assert done.exit_code == 0, done
    conflicts = world.rows("reverse_etl_push_log", "outcome = 'conflict'")
    assert [row["natural_key"] for row in conflicts] == ["8800112232"]
    assert MARK not in done.stdout + done.stderr

    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


def test_an_admins_rule_is_named_before_it_refuses(world: World) -> None:
    """`check` says how many of the queued rows break it, of those that SQL has decided on now."""
    world.hubspot.put_property(
        "contacts", name="phone", rules={"PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": []}
    )
    queued = world.rows("push_queue", "entity = 'patients'")
    phones = [json.loads(row["properties"]).get("phone") for row in queued]
    broken = [phone for phone in phones if phone and not phone.startswith("+")]
    done = world.run("check")

    assert done.exit_code == 0, done
    assert broken
    assert f"{len(broken)} queued rows break it" in " ".join(done.stdout.split())
    assert not [phone for phone in broken if phone in done.stdout + done.stderr]


# ---------------------------------------------------------------- what ends the run

ENDINGS: dict[str, tuple[Fault, int, str]] = {
    "401": ({"kind": "status", "status": 401}, 1, "unauthorized"),
    "403": ({"kind": "status", "status": 403}, 1, "forbidden"),
    "daily": ({"kind": "status", "status": 429, "policy": "DAILY"}, 5, "daily_limit"),
    "477 for an hour": ({"kind": "status", "status": 477, "retry_after": 3600}, 5, "long_wait"),
    "503 for an hour": ({"kind": "status", "status": 503, "retry_after": 3600}, 5, "long_wait"),
    "404": (
        {"kind": "status", "status": 404, "category": "OBJECT_NOT_FOUND"}, 1, "object_missing"
    ),
}  # fmt: skip


def end(world: World, name: str, after: int) -> Done:
    """A run that HubSpot ends in its middle: the rest is due, and nothing of it marked as done."""
    fault, exit_code, code = ENDINGS[name]
    world.hubspot.faults(
        [{**fault, "times": 0, "match": {"path_regex": WRITES, "after_n_requests": after}}]
    )
    before = {row["result_id"] for row in world.rows("reverse_etl_push_log")}
    world.hubspot.clear_requests()
    done = world.push(WORKERS="1")
    world.calm()

    assert (done.exit_code, done.last("run_finished")["error_code"]) == (exit_code, code), done
    assert {row["status"] for row in world.ledger(done).values()} == {
        "partial" if exit_code == 5 else "failed"
    }
    results = world.rows("reverse_etl_push_log", "outcome in ('created', 'updated')")
    new = [row for row in results if row["result_id"] not in before]
    assert len(new) == world.written()
    requests = [row for row in world.hubspot.request_entries() if "/batch/" in row["path"]]
    refused = [row for row in requests if row["status"] >= 400]
    assert len(refused) == 1, "the first refusal ends it"
    return done


def test_a_run_that_hubspot_ends_is_gone_on_with(world: World, undisturbed: EndState) -> None:
    """An expired key, a daily limit, a migration: three nights, and the fourth does the rest."""
    for name in ("401", "daily", "477 for an hour"):
        end(world, name, after=2)

    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("after", [0, 3, 9])
@pytest.mark.parametrize("name", ENDINGS)
def test_an_ending(world: World, undisturbed: EndState, name: str, after: int) -> None:
    end(world, name, after)
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("after", [0, 4])
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 503}, {"kind": "stall", "seconds": 300}]
)
def test_an_outage_trips_a_breaker(
    world: World, undisturbed: EndState, fault: Fault, after: int
) -> None:
    """Within ninety seconds, with one clear line, however many records are left, and whether
    HubSpot says no or says nothing: then each request takes its whole timeout."""
    match = {"path_regex": BATCHES, "after_n_requests": after}
    world.hubspot.faults([{**fault, "times": 0, "match": match}])
    started_at = time.monotonic()
    done = world.push(INITIAL_BACKOFF="0.5")
    lasted = time.monotonic() - started_at

    assert (done.exit_code, done.last("run_finished")["error_code"]) == (5, "outage"), done
    assert lasted < 90
    assert len(done.stderr.splitlines()) == 1
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
def test_an_outage_while_the_mirror_is_read_sends_nothing(
    world: World, undisturbed: EndState
) -> None:
    """What HubSpot holds is unknown: so nothing is matched, and nothing is created."""
    world.hubspot.faults([{"kind": "status", "status": 503, "times": 0,
                           "match": {"path_regex": "/search$"}}])  # fmt: skip
    started_at = time.monotonic()
    done = world.push(INITIAL_BACKOFF="0.5")

    assert done.exit_code in (1, 5), done
    assert time.monotonic() - started_at < 90
    assert world.written() == 0
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
def test_a_burst_without_a_hint_is_waited_out(world: World, undisturbed: EndState) -> None:
    """Longer each time for a burst, a second for a search: everybody waits, nobody gives up."""
    world.hubspot.faults(
        [
            {"kind": "status", "status": 429, "times": 3, "match": {"path_regex": BATCHES}},
            {"kind": "status", "status": 429, "policy": "SECONDLY",
             "match": {"path_regex": "/search$"}},
        ]
    )  # fmt: skip
    started_at = time.monotonic()
    done = world.push(MAX_RETRIES="0", WORKERS="1")

    assert done.exit_code == 0, done
    waits = [
        (event["lane"], event["wait_seconds"])
        for event in done.events
        if event["event"] == "paused"
    ]
    assert waits == [("search", 1.0), ("general", 1.0), ("general", 2.0), ("general", 4.0)]
    assert time.monotonic() - started_at > 8
    world.assert_whole(undisturbed)


# ---------------------------------------------------------------- asked to stop


def interrupt(world: World, when: str, path: str, after: int) -> Done:
    world.hubspot.fault(
        "hold", name="held", when=when, seconds=120,
        match={"path_regex": path, "after_n_requests": after},
    )  # fmt: skip
    running = world.start()
    assert world.hubspot.wait_fired("held", timeout=120)
    running.signal(signal.SIGTERM)
    asked_at = time.monotonic()
    done = running.end(30)
    took = time.monotonic() - asked_at
    world.after(done)

    assert done.exit_code == 143, done
    assert took < 10.5
    return done


def test_sigterm_keeps_what_was_answered(world: World, undisturbed: EndState) -> None:
    """Ten seconds at most, though HubSpot never answers; the ledger says interrupted."""
    done = interrupt(world, "before", WRITES, after=6)

    assert {row["status"] for row in world.ledger(done).values()} == {"interrupted"}
    answered = sum(event["batch_rows"] for event in done.events if event["event"] == "answered")
    assert len(world.rows("reverse_etl_push_log")) >= answered
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("path", "after"), [("/search$", 0), ("/batch/read$", 1), (WRITES, 0), (WRITES, 9)]
)
def test_sigterm(world: World, undisturbed: EndState, when: str, path: str, after: int) -> None:
    interrupt(world, when, path, after)
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


# ---------------------------------------------------------------- staff at work in mid-run


def updated_at_first(world: World, entity: str, tiers: tuple[int, ...]) -> list[tuple[str, str]]:
    """(record id, natural key) of what the undisturbed run updates."""
    world.restore("done")
    rows = world.rows(
        "reverse_etl_push_log",
        f"entity = '{entity}' and outcome = 'updated' and operation = 'update'",
    )  # fmt: skip
    world.restore("ready")
    return sorted(
        (row["hubspot_id"], row["natural_key"]) for row in rows if row["match_tier"] in tiers
    )


def test_staff_merge_delete_and_process_in_mid_run(world: World, undisturbed: EndState) -> None:
    """Records that change under the run's hands: nothing is doubled, resurrected or overwritten."""
    contacts = updated_at_first(world, "patients", (0,))
    rois = updated_at_first(world, "rois", (0,))
    (merged, merged_key), (deleted, deleted_key) = contacts[0], contacts[1]
    roi, roi_key = rois[0]
    other = world.hubspot.add("contacts", firstname="A", lastname="Stranger")
    # They happen as the first batch is on its way, before any of these records is written.
    match = {"path_regex": BATCHES}
    processed = {
        "processing_status": "Processed",
        "processing_datetime": "2026-11-24T10:00:00Z",
        "raw_provider_name": "As staff put it",
    }
    world.hubspot.faults(
        [
            {"kind": "merge", "match": match, "object_type": "contacts", "primary": other,
             "secondary": merged},
            {"kind": "archive", "match": match, "object_type": "contacts", "ids": [deleted]},
            {"kind": "patch", "match": match, "object_type": "p_roi", "id": roi,
             "properties": processed},
        ]
    )  # fmt: skip

    first = world.push(WORKERS="1")
    second = world.push()

    assert (first.exit_code, second.exit_code) == (0, 0), (first, second)
    assert world.doubled() == []
    contacts_now = world.hubspot.live("contacts")
    holders = [
        properties for properties in contacts_now.values()
        if properties.get("amd_patient_id") == merged_key
    ]  # fmt: skip
    assert len(holders) == 1
    assert merged in str(holders[0]["hs_merged_object_ids"])
    assert not any(p.get("amd_patient_id") == deleted_key for p in contacts_now.values())
    assert world.rows(
        "reverse_etl_dlq",
        f"natural_key = '{deleted_key}' and reason = 'deleted_in_hubspot' and resolved_at is null",
    )
    kept = world.hubspot.live("p_roi")[roi]
    assert kept["raw_provider_name"] == "As staff put it"
    state = world.rows("reverse_etl_snapshot", f"entity = 'rois' and natural_key = '{roi_key}'")
    assert [row["state"] for row in state] == ["protected"]
    outcomes = {row["outcome"] for row in world.rows("reverse_etl_push_log")}
    assert "changed_in_hubspot" in outcomes
    assert outcomes & {"not_found", "left_out"}


@pytest.mark.full
def test_a_property_deleted_in_mid_run(world: World, undisturbed: EndState) -> None:
    """The run does not pass it over in silence; with the property back, a replay does the rest."""
    definition = {"label": "Patient chart", "type": "string", "fieldType": "text",
                  "groupName": "advancedmd"}  # fmt: skip
    world.hubspot.faults(
        [{"kind": "delete_property", "object_type": "contacts", "property": "patient_chart",
          "match": {"path_regex": WRITES, "object_type": "contacts", "after_n_requests": 1}}]
    )  # fmt: skip
    done = world.push(WORKERS="1")
    assert done.exit_code == 1, done
    rejected = world.rows("reverse_etl_push_log", "outcome = 'rejected'")
    assert {row["property_names"] for row in rejected} >= {"patient_chart"}

    world.calm()
    missing = world.push()
    assert missing.exit_code == 2, missing
    assert "patient_chart" in missing.stderr

    world.hubspot.put_property("contacts", name="patient_chart", **definition)
    assert world.run("replay", "--entity", "patients").exit_code == 0
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)  # of records written before it was deleted, too


def filled(world: World, name: str) -> dict[str, str]:
    live = world.hubspot.live("contacts").items()
    return {record_id: found[name] for record_id, found in live if found.get(name)}


def leave_staff_unasked(world: World) -> None:
    """`setup` has made the properties for it, and the undisturbed world has none of them."""
    for object_type in ("contacts", "p_roi"):
        for name in ("amd_sync_status", "amd_sync_note"):
            assert world.hubspot.delete_property(object_type, name)
    assert world.hubspot.delete_property("contacts", "amd_review")


@pytest.mark.parametrize("how", ["emptied", "restored", "new"])
def test_a_property_that_was_deleted_and_made_again_is_filled_again(
    world: World, undisturbed: EndState, how: str
) -> None:
    """By `setup`, without a run in between: who has a value for it is due, and nobody else."""
    world.restore("done")
    before = filled(world, "patient_chart")
    world.hubspot.set(recreated_property=how)
    try:
        assert world.hubspot.delete_property("contacts", "patient_chart")
        assert world.run("setup").exit_code == 0
        leave_staff_unasked(world)
        lost = not filled(world, "patient_chart")
        assert lost is (how != "restored")
        done = world.push()
    finally:
        world.hubspot.set(recreated_property="emptied")

    assert done.exit_code == 0, done
    assert {k: v for k, v in filled(world, "patient_chart").items() if k in before} == before
    assert bool(world.written()) is lost
    world.assert_whole(undisturbed)
    world.hubspot.clear_requests()
    assert world.run().exit_code == 0
    assert world.written() == 0


def test_a_rule_of_the_portal_keeps_out_what_it_refuses_and_nothing_else(
    world: World, undisturbed: EndState
) -> None:
    """Each row goes once more without its phone; shown, not sent again for nothing, and tried
    again in due time."""
    rule = {"PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": []}
    world.hubspot.put_property("contacts", name="phone", rules=rule)
    done = world.push()
    assert done.exit_code == 0, done
    partly = world.rows("reverse_etl_push_log", "refused_properties = 'phone'")
    assert {row["code"] for row in partly} == {"INVALID_PHONE_NUMBER"}
    assert {row["outcome"] for row in partly} == {"created", "updated"}
    keys = {row["natural_key"] for row in partly}

    world.hubspot.clear_requests()
    assert world.run().exit_code == 0
    assert world.written() == 0
    shown = world.rows("sync_status", "warnings like '%refused:phone%'")
    assert {row["natural_key"] for row in shown} == keys
    assert {row["state"] for row in shown} == {"unchanged"}

    world.hubspot.put_property("contacts", name="phone", rules={})
    world.query(  # a fortnight later
        f"""update `{world.stack.etl}.hubspot_id_map`
        set
            updated_at = timestamp_sub(updated_at, interval 15 day),
            refused_at = timestamp_sub(refused_at, interval 15 day)
        where true;
        update `{world.stack.etl}.reverse_etl_push_log`
        set pushed_at = timestamp_sub(pushed_at, interval 15 day) where true"""
    )
    assert world.push().exit_code == 0
    assert not world.rows("sync_status", "warnings like '%refused:%'")
    world.assert_whole(undisturbed)


def test_a_record_that_hubspot_cannot_digest_keeps_nobody_else(
    world: World, undisturbed: EndState
) -> None:
    """It comes to stand alone, with a reason of its own; HubSpot better, it is sent."""
    key = f"{MARK}LastName1"  # this name is among the inputs of one batch
    world.hubspot.faults(
        [{"kind": "status", "status": 500, "times": 0,
          "match": {"path_regex": WRITES, "record": key}}]
    )  # fmt: skip
    done = world.push(MAX_RETRIES="1")
    assert done.exit_code == 0, done
    letters = world.rows("reverse_etl_dlq", "reason = 'answered_500'")
    assert [(row["natural_key"], row["property_names"]) for row in letters] == [
        ("8800112232", None)
    ]

    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.parametrize("deleted", ["archive", "gdpr_delete"])
def test_what_staff_deleted_overnight_is_held(
    world: World, undisturbed: EndState, deleted: str
) -> None:
    """Not `unchanged` until the weekly refresh: the next run knows."""
    world.restore("done")
    (mapped,) = world.rows("hubspot_id_map", f"natural_key = '{MAPPED_PATIENTS[0]}'")
    getattr(world.hubspot, deleted)(mapped["hubspot_id"])
    world.hubspot.clear_requests()
    done = world.run()

    assert done.exit_code == 0, done
    assert world.written() == 0
    (row,) = world.rows("sync_status", f"natural_key = '{MAPPED_PATIENTS[0]}'")
    assert (row["state"], row["reason"]) == ("quarantined", "deleted_in_hubspot")
