"""The whole job against the rules, record by record, on small worlds made to collide.

A run goes through the real dbt, the real pusher and HTTP. What it decided is read from its
snapshot and compared with the oracle, and so is what HubSpot and the id map hold afterwards.
Runs follow until the oracle says that nothing is left to write, and then nothing may be written.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.bigquery import load_rows
from sandbox.sample_data import OLD_ID_MAP_SCHEMA
from sandbox.stack import PROJECT_DIR, LocalStack
from tests.e2e import oracle
from tests.e2e.oracle import (
    PATIENTS,
    ROIS,
    Decision,
    Decisions,
    MapRow,
    Record,
    World,
    keys,
    matching,
    names,
    suspects,
)
from tests.e2e.oracle.values import NEW_YORK
from tests.e2e.worlds import HubSpotRecord, Shape, SmallWorld, WorldMaker, make_world

pytestmark = pytest.mark.slow

OBJECT_TYPES = {PATIENTS: "contacts", ROIS: "p_roi"}
NATURAL_IDS = {PATIENTS: "amd_patient_id", ROIS: "roi_id"}
# The last decision on a natural key that the id map learnt from.
Known = dict[str, dict[str, Decision]]
# A patient may have to wait for a rival to own its contact first.
MAX_RUNS = 8
# HubSpot keeps these by itself.
SYSTEM_PROPERTIES = frozenset(
    {"createdate", "lastmodifieddate", "hs_createdate", "hs_lastmodifieddate", "hs_object_id"}
)
DATES = frozenset(
    {
        "ncf_date_of_birth", "next_treatment_date", "next_follow_up_date", "completed_date",
        "patient_signed_dob",
    }
)  # fmt: skip
INSTANTS = frozenset({"first_initial_consult__treatment_", "accepted_datetime",
                      "processing_datetime"})  # fmt: skip

SHAPES = [
    Shape("typed", seed=11, variant=0),
    Shape("typed otherwise, every column", seed=12, variant=1, has_optional=True),
    Shape("all text, no updated-at", seed=13, is_text=True, has_updated_at=False),
]
if os.environ.get("CHAOS") == "full":
    SHAPES += [
        Shape(
            f"world {seed}",
            seed=seed,
            variant=seed % 2,
            is_text=seed % 3 == 0,
            has_updated_at=seed % 5 != 0,
            has_optional=seed % 4 < 2,
            size=3,
        )
        for seed in range(200, 220)
    ]
# The second, of other types and with every column, is for the full length: each takes minutes.
RUN = SHAPES if len(SHAPES) > 3 else [SHAPES[0], SHAPES[2]]
REASONS_SEEN_ACROSS = {
    PATIENTS: {
        "ambiguous_address", "ambiguous_email", "ambiguous_name_dob", "ambiguous_patient_id",
        "contested_contact", "deleted_in_hubspot", "deleted_in_source", "duplicate_natural_key",
        "email_held_by_other_patient", "email_held_by_vanished_patient", "id_map_conflict",
        "identity_conflict", "missing_name", "missing_natural_key", "no_email_no_match",
        "owner_vanished", "shared_email_in_source", "suspected_duplicate", "test_chart",
    },
    ROIS: {
        "ambiguous_roi_id", "deleted_in_hubspot", "deleted_in_source", "duplicate_natural_key",
        "missing_natural_key", "missing_required_property",
    },
}  # fmt: skip
ONE_FIRST_NAME = names.may_be_one_first_name
# Each rule of the tiers left out, in the oracle: a module and what it says instead.
RULES: dict[str, tuple[Any, str, Any]] = {
    "a beginning": (names, "_is_beginning", lambda one, two: False),
    "a slip of the pen": (names, "_is_slip", lambda one, two: False),
    "suffixes": (names, "_cut_suffix", lambda text: (text, None)),
    "last names that share": (matching, "share_a_last_name", lambda who, other: True),
    "last names that share nothing": (matching, "share_a_last_name", lambda who, other: False),
    "of age": (keys.Person, "is_of_age", lambda who, years, today: True),
    "under age": (keys.Person, "is_of_age", lambda who, years, today: False),
    "twins": (
        matching,
        "may_be_one_first_name",
        lambda *people, same_birth, twins: ONE_FIRST_NAME(
            *people, same_birth=same_birth, twins=False
        ),
    ),
    "middle names": (
        matching,
        "may_be_one_first_name",
        lambda who, *others, **how: ONE_FIRST_NAME(replace(who, middle=None), *others, **how),
    ),
    "names that a patient goes by": (
        matching,
        "may_be_one_first_name",
        lambda who, *others, **how: ONE_FIRST_NAME(replace(who, preferred=None), *others, **how),
    ),
    "names of two people": (
        matching,
        "may_be_one_first_name",
        lambda who, other, lists, **how: ONE_FIRST_NAME(
            who, other, replace(lists, two_people=frozenset()), **how
        ),
    ),
    "nicknames": (
        matching,
        "may_be_one_first_name",
        lambda who, other, lists, **how: ONE_FIRST_NAME(
            who, other, replace(lists, nicknames=frozenset()), **how
        ),
    ),
    "letters that are not split": (names, "UNSPLIT", {}),
    "suspects": (suspects.Search, "is_suspected", lambda search, *pair: False),
    "sounds": (suspects, "_sound", lambda name: None),
}


def test_the_worlds_run_into_every_rule() -> None:
    """Otherwise agreement would mean little."""
    seen: dict[str, set[str | None]] = {PATIENTS: set(), ROIS: set()}
    tiers: Counter[int | None] = Counter()
    withheld = 0
    for shape in SHAPES:
        decisions = oracle.decide(_offline(make_world(shape)))
        for entity, reasons in seen.items():
            reasons.update(decision.reason for decision in decisions.all(entity))
        tiers.update(decision.tier for decision in decisions.patients.values())
        withheld += sum(decision.email_withheld for decision in decisions.patients.values())

    for entity, wanted in REASONS_SEEN_ACROSS.items():
        assert wanted - seen[entity] == set()
    assert all(tiers[tier] >= 5 for tier in range(4))
    assert withheld > 0


@pytest.fixture(scope="module")
def decided() -> list[tuple[World, Decisions]]:
    worlds = [_offline(make_world(shape)) for shape in SHAPES[:3]]
    return [(world, oracle.decide(world)) for world in worlds]


@pytest.mark.parametrize("rule", RULES)
def test_the_worlds_tell_whether_a_rule_is_there(
    rule: str, decided: list[tuple[World, Decisions]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it something is decided otherwise, so that SQL without it would be found out."""
    monkeypatch.setattr(*RULES[rule])

    assert any(oracle.decide(world).patients != before.patients for world, before in decided)


@pytest.mark.parametrize("shape", RUN, ids=lambda shape: shape.name)
def test_a_world_ends_as_the_rules_say(stack: LocalStack, shape: Shape) -> None:
    """Every decision, every record in HubSpot and the id map, until nothing is left to do."""
    maker = WorldMaker(shape)
    small = maker.make()
    fill(stack, small)
    stack.dbt("build")
    known: Known = {PATIENTS: {}, ROIS: {}}
    run_until_nothing_is_left(stack, small, known)
    if shape is not SHAPES[0] and shape.size == 1:
        return

    live_a_day(stack, small, maker)
    stack.dbt("build")
    run_until_nothing_is_left(stack, small, known)


def run_until_nothing_is_left(stack: LocalStack, small: SmallWorld, known: Known) -> None:
    for _ in range(MAX_RUNS):
        before = read_world(stack, small, known)
        expected = oracle.decide(before)
        stack.hubspot.clear_requests()
        stack.pusher("--allow-mass-change")

        assert differences(expected, read_decisions(stack)) == []
        assert left_behind(stack, before, expected) == []
        assert len(stack.hubspot.writes()) == expected.writes
        remember(known, expected)
        if expected.writes == 0:
            return
    raise AssertionError(f"still writing after {MAX_RUNS} runs")


# ---------------------------------------------------------------- setting up


def fill(stack: LocalStack, small: SmallWorld) -> None:
    stack.create_source("PatientsWithStatistics", small.patient_schema, small.patients)
    stack.create_source("ROIs", small.roi_schema, small.rois)
    for entity, records in ((PATIENTS, small.contacts), (ROIS, small.roi_records)):
        object_type = OBJECT_TYPES[entity]
        stack.hubspot.load(
            object_type,
            [{"id": record.id, "properties": record.properties} for record in records],
        )
        gone = [record.id for record in records if record.is_archived]
        stack.hubspot.archive(*gone, object_type=object_type)
        for record in records:
            if record.merged_into is not None:
                stack.hubspot.merge(record.merged_into, record.id, object_type)
    load_rows(
        stack.bigquery,
        f"{stack.etl}.hubspot_id_map",
        OLD_ID_MAP_SCHEMA,
        [
            {
                "hubspot_object_type": object_type,
                "natural_key": key,
                "hubspot_id": hubspot_id,
                "updated_at": "2026-06-01T04:00:00Z",
            }
            for object_type, key, hubspot_id in small.id_map
        ],
    )


def live_a_day(stack: LocalStack, small: SmallWorld, maker: WorldMaker) -> None:
    """The next day's tables, staff edits, leads, merges and deletions; `small` moves along."""
    day = maker.next_day(small, stack.hubspot.live("contacts"), stack.hubspot.live("p_roi"))
    small.patients, small.rois = day.patients, day.rois
    stack.create_source("PatientsWithStatistics", small.patient_schema, small.patients)
    stack.create_source("ROIs", small.roi_schema, small.rois)
    for object_type, hubspot_id, properties in day.edits:
        stack.hubspot.edit(object_type, hubspot_id, **properties)
    stack.hubspot.load("contacts", [{"properties": properties} for properties in day.leads])
    for survivor, other in day.merges:
        stack.hubspot.merge(survivor, other)
    stack.hubspot.archive(*day.deleted)
    # A delta cannot see deletions: HubSpot's search shows live records alone.
    stack.pusher("mirror", "--full")


def _offline(small: SmallWorld) -> World:
    """The world without a stack: merges are played by hand, survivors keep their ids."""
    id_map = [(kind, MapRow(key, hubspot_id)) for kind, key, hubspot_id in small.id_map]
    return replace(
        _world(small),
        contacts=_played(small.contacts),
        roi_records=_played(small.roi_records),
        patient_map=[row for kind, row in id_map if kind in ("contacts", "0-1")],
        roi_map=[row for kind, row in id_map if kind not in ("contacts", "0-1")],
    )


def _played(records: Iterable[HubSpotRecord]) -> list[Record]:
    merged: dict[str, list[str]] = {}
    for record in records:
        if record.merged_into is not None:
            merged.setdefault(record.merged_into, []).append(record.id)
    return [
        Record(
            record.id,
            record.properties | {"hs_merged_object_ids": ";".join(merged.get(record.id, ()))},
            is_live=not record.is_archived and record.merged_into is None,
        )
        for record in records
    ]


# ---------------------------------------------------------------- reading back


def _world(small: SmallWorld) -> World:
    return World(
        patients=small.patients,
        rois=small.rois,
        patient_columns=[name for name, _ in small.patient_schema],
        roi_columns=[name for name, _ in small.roi_schema],
        today=datetime.now(NEW_YORK).date(),
        lists=oracle.read_lists(Path(PROJECT_DIR) / "seeds"),
    )


def read_world(stack: LocalStack, small: SmallWorld, known: Known) -> World:
    """What both sides hold now. The id map's hashes are SQL's own; the oracle has its own too."""
    maps: dict[str, list[MapRow]] = {PATIENTS: [], ROIS: []}
    for row in stack.query(f"select * from `{stack.etl}.hubspot_id_map`"):
        entity = PATIENTS if row["hubspot_object_type"] in ("contacts", "0-1") else ROIS
        what = known[entity].get(row["natural_key"])
        maps[entity].append(
            MapRow(
                row["natural_key"],
                row["hubspot_id"],
                row["payload_hash"] if what is None else what.payload_hash,
                row["updated_at"],
                None if what is None else what.memory,
            )
        )
    return replace(
        _world(small),
        contacts=read_records(stack, PATIENTS),
        roi_records=read_records(stack, ROIS),
        patient_map=maps[PATIENTS],
        roi_map=maps[ROIS],
    )


def read_records(stack: LocalStack, entity: str) -> list[Record]:
    return [
        Record(record["id"], record["properties"], is_live=not record["archived"])
        for record in stack.hubspot.records(OBJECT_TYPES[entity])
        if "mergedInto" not in record
    ]


def remember(known: Known, decisions: Decisions) -> None:
    for entity, rows in known.items():
        for decision in decisions.all(entity):
            if decision.is_news:
                assert decision.natural_key is not None
                rows[decision.natural_key] = decision


def read_decisions(stack: LocalStack) -> list[dict[str, Any]]:
    """The last run's snapshot."""
    return stack.query(f"select * from `{stack.etl}.reverse_etl_snapshot`")


# ---------------------------------------------------------------- comparing


def differences(expected: Decisions, actual: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per natural key on which the oracle and the run disagree."""
    by_key: dict[tuple[str, str], Mapping[str, Any]] = {}
    without_key: Counter[tuple[str, str, str | None, int]] = Counter()
    found = []
    for row in actual:
        if row["natural_key"] is None:
            without_key[row["entity"], row["state"], row["reason"], row["source_rows"]] += 1
        elif (row["entity"], row["natural_key"]) in by_key:
            found.append(f"{row['entity']} {row['natural_key']}: twice in the snapshot")
        else:
            by_key[row["entity"], row["natural_key"]] = row

    expected_without_key: Counter[tuple[str, str, str | None, int]] = Counter()
    for entity in (PATIENTS, ROIS):
        for decision in expected.all(entity):
            if decision.natural_key is None:
                expected_without_key[
                    entity, decision.state, decision.reason, decision.source_rows
                ] += 1
                continue
            row = by_key.pop((entity, decision.natural_key), {})
            odd = _odd(_as_said(decision), _as_done(row, decision))
            if odd:
                found.append(f"{entity} {decision.natural_key}: (oracle, run) {odd}")
    found += [f"{entity} {key}: unknown to the oracle" for entity, key in by_key]
    if without_key != expected_without_key:
        found.append(f"rows without a key: {expected_without_key} {without_key}")
    return found


def _as_said(decision: Decision) -> dict[str, Any]:
    is_sent = decision.state in ("create", "update")
    return {
        "row_state": decision.state,
        "reason": decision.reason,
        "source_rows": decision.source_rows,
        "tier": decision.tier if decision.hubspot_id is not None else None,
        "hubspot_id": decision.hubspot_id,
        "email_withheld": decision.email_withheld,
        **(decision.properties if is_sent else {}),
    }


def _as_done(row: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    is_resolved = decision.hubspot_id is not None
    is_queued = row.get("is_queued")
    return {
        "row_state": row.get("state"),
        "reason": row.get("reason"),
        "source_rows": row.get("source_rows"),
        "tier": row.get("match_tier") if is_resolved else None,
        "hubspot_id": row.get("hubspot_id") if decision.reason is None else decision.hubspot_id,
        "email_withheld": "email_withheld" in (row.get("warnings") or ""),
        **(json.loads(row["properties"]) if is_queued else {}),
    }


def _odd(wanted: Mapping[str, Any], got: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, as pairs."""
    return {
        name: (wanted.get(name), got.get(name))
        for name in sorted(wanted.keys() | got.keys())
        if wanted.get(name) != got.get(name)
    }


def left_behind(stack: LocalStack, before: World, decisions: Decisions) -> list[str]:
    """Where HubSpot's records or the id map are not what the decisions lead to."""
    expected = oracle.apply(before, decisions)
    found = []
    new_ids: dict[str, str] = {}
    for entity, records in ((PATIENTS, expected.contacts), (ROIS, expected.roi_records)):
        actual = {record.id: record for record in read_records(stack, entity) if record.is_live}
        natural_id = NATURAL_IDS[entity]
        for record in records:
            if not record.is_live:
                continue
            hubspot_id = record.id
            if hubspot_id.startswith("new:"):
                known = {old.id for old in records}
                key = record.properties[natural_id]
                born = [
                    other.id
                    for other in actual.values()
                    if other.id not in known and other.properties.get(natural_id) == key
                ]
                if len(born) != 1:
                    found.append(f"{entity} {key}: {len(born)} new records")
                    continue
                hubspot_id = new_ids[record.id] = born[0]
            there = actual.pop(hubspot_id, None)
            wanted = _stored(record.properties)
            got = _stored(there.properties) if there is not None else {}
            odd = _odd(wanted, got)
            if odd:
                found.append(f"{entity} record {hubspot_id}: (oracle, HubSpot) {odd}")
        found += [f"{entity} record {hubspot_id}: nobody expected it" for hubspot_id in actual]
    found += _id_map_differences(stack, expected, new_ids)
    return found


def _id_map_differences(
    stack: LocalStack, expected: World, new_ids: Mapping[str, str]
) -> list[str]:
    rows = stack.query(f"select * from `{stack.etl}.hubspot_id_map`")
    actual = {
        (
            PATIENTS if row["hubspot_object_type"] in ("contacts", "0-1") else ROIS,
            oracle.read_key(row["natural_key"]),
        ): row["hubspot_id"]
        for row in rows
    }
    wanted = {
        (entity, oracle.read_key(row.natural_key)): new_ids.get(row.hubspot_id, row.hubspot_id)
        for entity, id_map in ((PATIENTS, expected.patient_map), (ROIS, expected.roi_map))
        for row in id_map
    }
    return [
        f"id map {key}: (oracle, BigQuery) {wanted.get(key)}, {actual.get(key)}"
        for key in wanted.keys() | actual.keys()
        if wanted.get(key) != actual.get(key)
    ]


def _stored(properties: Mapping[str, str | None]) -> dict[str, str]:
    """Values as HubSpot stores them, whichever of its accepted forms they were sent in."""
    stored = {}
    for name, value in properties.items():
        if value in (None, "") or name in SYSTEM_PROPERTIES:
            continue
        assert value is not None
        if name in DATES | INSTANTS and value.lstrip("-").isdigit():
            moment = datetime.fromtimestamp(int(value) / 1000, UTC)
            value = moment.date().isoformat() if name in DATES else moment.isoformat()
        elif name in INSTANTS:
            value = datetime.fromisoformat(value.replace("Z", "+00:00")).isoformat()
        stored[name] = value
    return stored
