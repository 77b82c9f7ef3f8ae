"""What the clinic's first implementation got wrong, case by case: none of it happens here.

Numbers and titles are those of the list of its failures. Most of them are looked up in what the
undisturbed first run has left; a few take a run of their own.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.chaos.clinic import (
    CHART_TWINS,
    FIRST_MAPPED_CONTACT,
    FIRST_MAPPED_ROI,
    LEAP_DAY_PATIENT,
    MAPPED_ROIS,
    PLANTED_IDS,
    PLANTS,
    roi_rows,
)
from tests.chaos.process import Done
from tests.chaos.world import EndState, World

Row = dict[str, Any]
Records = dict[str, Row]  # by record id


@dataclass(frozen=True)
class Left:
    """What the first run found, decided and left."""

    before: dict[str, Records]
    snapshot: list[Row]
    results: list[Row]
    id_map: list[Row]
    dead_letters: list[Row]
    ledger: dict[str, Row]
    contacts: Records
    rois: Records


@pytest.fixture(scope="module")
def left(built: World, first_run: Done, undisturbed: EndState) -> Left:
    """Read once; the tests that follow may do with the world what they like."""
    built.restore("ready")
    before = {kind: built.hubspot.live(kind) for kind in ("contacts", "p_roi")}
    built.restore("done")
    return Left(
        before=before,
        snapshot=built.rows("reverse_etl_snapshot"),
        results=built.rows("reverse_etl_push_log"),
        id_map=built.rows("hubspot_id_map"),
        dead_letters=built.rows("reverse_etl_dlq"),
        ledger=built.ledger(first_run),
        contacts=built.hubspot.live("contacts"),
        rois=built.hubspot.live("p_roi"),
    )


def of(records: Records, name: str, key: str) -> Row:
    """The one live record with that natural id."""
    (found,) = (record for record in records.values() if record.get(name) == key)
    return found


# ---------------------------------------------------------------- loses data


def test_case_1_a_patient_without_email_or_with_a_leap_day_birthday(
    first_run: Done, left: Left
) -> None:
    """Neither stops the run, nor anybody else."""
    assert first_run.exit_code == 0
    leap = of(left.contacts, "amd_patient_id", LEAP_DAY_PATIENT)
    assert leap["ncf_date_of_birth"] == "1980-02-29"
    without = [row for row in left.snapshot if row["reason"] == "no_email_no_match"]
    assert without
    assert all(row["state"] == "quarantined" for row in without)


def test_case_2_a_source_that_cannot_be_read_is_no_success(world: World) -> None:
    """Its build does not pass, and a run on it is stopped; see also test_builds."""
    world.query(f"update `{world.stack.etl}.reverse_etl_builds` set status = 'failed' where true")
    done = world.push()
    assert done.exit_code == 4, done
    assert {row["status"] for row in world.ledger(done).values()} == {"stopped"}


def test_case_3_the_watermark_is_of_the_source_and_not_the_clock(left: Left) -> None:
    """The greatest time that a row carries, whenever the run took place."""
    greatest = max(str(row["updated_at"]) for row in roi_rows())
    assert left.ledger["rois"]["high_watermark"] == datetime.fromisoformat(greatest)
    assert left.ledger["rois"]["high_watermark"] < left.ledger["rois"]["started_at"]


def test_case_4_what_failed_is_tried_again(world: World, undisturbed: EndState) -> None:
    """An expired key, 401 for all: a failed run with nothing marked as done. The next does it
    all, an ROI before its patient or after."""
    world.hubspot.faults(
        [{"kind": "status", "status": 401, "times": 0, "match": {"path_regex": "/batch/"}}]
    )
    done = world.push()
    assert done.exit_code == 1, done
    assert world.rows("reverse_etl_push_log") == []
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


def test_case_5_errors_of_bigquery_are_errors_of_the_run(world: World) -> None:
    """Results that cannot be recorded: exit 1, `failed` in the ledger, and an alert."""
    world.proxy.order("fail", r"^(POST /upload.*reverse_etl_push_log|PUT .*\"result_id\")", times=0)
    done = world.push(BQ_RETRY_SECONDS="1")
    world.calm()
    assert done.exit_code == 1, done
    assert {row["status"] for row in world.ledger(done).values()} == {"failed"}
    assert "email_sent" in done.last("notified")["codes"]


def test_case_6_blanks_clear_and_dates_are_midnight_utc(left: Left) -> None:
    """A value that AMD no longer has is emptied in HubSpot, but for what staff may correct: there a
    blank is no first word. A day of an ROI is a day anywhere."""
    assert left.before["contacts"][str(FIRST_MAPPED_CONTACT)]["primary_facility"]
    assert not left.contacts[str(FIRST_MAPPED_CONTACT)].get("primary_facility")
    assert left.before["p_roi"][str(FIRST_MAPPED_ROI)]["patient_chart"]
    assert not left.rois[str(FIRST_MAPPED_ROI)].get("patient_chart")
    assert left.rois[str(FIRST_MAPPED_ROI)]["raw_provider_fax"]
    roi = of(left.rois, "roi_id", MAPPED_ROIS[0])
    assert roi["completed_date"] == "2026-05-06"
    assert roi["patient_signed_dob"] == "1966-05-17"


# ---------------------------------------------------------------- doubles or mixes up people


def test_case_7_an_roi_is_never_doubled(world: World, undisturbed: EndState) -> None:
    """With id map and push log lost, what was written is found. Crashes between create and map,
    overlapping runs and lost answers: test_kills, test_two_at_once, test_hubspot."""
    world.restore("done")
    for table in ("hubspot_id_map", "reverse_etl_push_log"):
        world.query(f"delete from `{world.stack.etl}.{table}` where true")
    done = world.push("--entity", "rois")
    assert done.exit_code == 0, done
    assert done.last("run_finished")["created"] == 0
    assert world.doubled() == []
    assert world.end_state().records == undisturbed.records


def test_case_8_a_contact_whose_answer_was_lost_is_no_conflict(
    world: World, undisturbed: EndState
) -> None:
    """The write was done, the answer never came: asked again, and it is an update."""
    world.hubspot.faults(
        [{"kind": "reset_after", "times": 2,
          "match": {"path_regex": "/batch/upsert$", "object_type": "contacts"}}]
    )  # fmt: skip
    assert world.push().exit_code == 0
    assert not world.rows("reverse_etl_push_log", "outcome = 'conflict'")
    world.assert_whole(undisturbed)


def test_case_9_a_failed_search_is_no_missing_record(world: World) -> None:
    """What HubSpot holds could not be read: the run fails before it creates anything."""
    world.hubspot.faults(
        [{"kind": "status", "status": 500, "times": 0, "match": {"path_regex": "/search$"}}]
    )
    done = world.push(MAX_RETRIES="0")
    assert done.exit_code == 1, done
    assert done.phases[done.phases.index("mirror") + 1] == "ledger"
    assert world.written() == 0


def test_case_10_a_family_that_shares_an_email_is_not_one_person(
    left: Left, undisturbed: EndState
) -> None:
    """No two patients of the id map are one record, and the email is written for none of them."""
    family = [row for row in left.snapshot if row["reason"] == "shared_email_in_source"]
    assert len(family) > 1
    mapped = [row for row in left.id_map if row["payload_hash"]]
    holders = Counter((row["entity"], row["hubspot_id"]) for row in mapped)
    assert set(holders.values()) == {1}
    queued = [row for row in left.snapshot if row["is_queued"] and row["entity"] == "patients"]
    emails = Counter(filter(None, (json.loads(row["properties"]).get("email") for row in queued)))
    assert set(emails.values()) == {1}


def test_case_11_the_same_person_under_another_email_is_found(left: Left) -> None:
    """By name and birth, and by address."""
    tiers = Counter(row["match_tier"] for row in left.snapshot if row["state"] == "update")
    assert tiers[2] > 0
    assert tiers[3] > 0
    updated = {row["natural_key"] for row in left.results if row["outcome"] == "updated"}
    assert {row["natural_key"] for row in left.snapshot if row["match_tier"] in (2, 3)} <= updated


def test_case_12_merged_and_deleted_contacts_are_followed(left: Left) -> None:
    """The survivor of a merge is updated; what staff deleted is neither written nor made anew."""
    survivors = [record for record in left.contacts.values() if record.get("hs_merged_object_ids")]
    assert any(record.get("amd_patient_id") for record in survivors)
    deleted = [row for row in left.snapshot if row["reason"] == "deleted_in_hubspot"]
    assert deleted
    keys = {record.get("amd_patient_id") for record in left.contacts.values()}
    assert all(row["natural_key"] not in keys for row in deleted)


def test_case_13_a_chart_number_is_no_patient_id(left: Left) -> None:
    """One's chart is the other's id: two records, each with its own name."""
    one, other = (of(left.contacts, "amd_patient_id", key) for key in CHART_TWINS)
    assert (one["patient_chart"], other["patient_chart"]) == CHART_TWINS[::-1]
    assert one["lastname"] == f"Bage{CHART_TWINS[0]}"
    assert other["lastname"] == f"Bage{CHART_TWINS[1]}"


# ---------------------------------------------------------------- overwrites staff


def test_case_14_a_processed_roi_is_left_alone(left: Left) -> None:
    """The lock is read in HubSpot; set in mid-run it holds as well (test_hubspot)."""
    protected = [row for row in left.snapshot if row["state"] == "protected"]
    assert len(protected) > 3
    for row in protected:
        assert left.rois[row["hubspot_id"]] == left.before["p_roi"][row["hubspot_id"]]


def test_case_15_locks_fail_closed(world: World) -> None:
    """The lock cannot be read: nothing guarded is written, whatever else is."""
    guarded = world.hubspot.live("p_roi")
    world.hubspot.faults(
        [{"kind": "status", "status": 400, "times": 0,
          "match": {"path_regex": "/batch/read$", "object_type": "roi"}}]
    )  # fmt: skip
    done = world.push("--entity", "rois", MAX_RETRIES="0")
    assert done.phases.count("ship") == 1, done
    assert world.hubspot.live("p_roi") == guarded
    outcomes = {row["outcome"] for row in world.rows("reverse_etl_push_log")}
    assert outcomes <= {"unanswered"}


def test_case_16_only_what_changed_is_written_and_no_stage_is_forced_back(
    world: World, left: Left
) -> None:
    """A second run writes nothing; `lifecyclestage` is nobody's property here."""
    world.push()
    names = {name for write in world.hubspot.writes() for name in write["properties"]}
    assert "firstname" in names
    assert "lifecyclestage" not in names
    world.restore("done")
    assert world.run().exit_code == 0
    assert world.written() == 0


# ---------------------------------------------------------------- leaks PHI, and is slow


def test_case_17_no_value_in_logs_or_dead_letters(first_run: Done, left: Left) -> None:
    """At DEBUG; test_no_phi looks at all runs, alerts and tables. A ref is no short hash."""
    for plant in PLANTS:
        assert plant not in first_run.stdout + first_run.stderr
    letters = left.dead_letters
    assert all(row["payload"] is None and row["error"] is None for row in letters)
    assert all(len(row["record_ref"]) >= 16 for row in letters)
    assert any(row["natural_key"] == PLANTED_IDS[0] for row in letters)


def test_case_18_records_go_in_batches_and_an_outage_ends_the_run(
    first_run: Done, left: Left
) -> None:
    """Ten to a request in this suite, and no request for each; the breaker: test_hubspot."""
    queued = first_run.last("queue")["queued"]
    requests = first_run.last("run_finished")["hubspot_requests"]
    assert len(left.results) == queued > 100
    assert requests < queued / 3
