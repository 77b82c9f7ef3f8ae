"""One run: what becomes of every row, and what HubSpot and the id map hold after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.e2e.oracle.matching import Matcher
from tests.e2e.oracle.rois import decide_rois
from tests.e2e.oracle.values import read_key
from tests.e2e.oracle.world import Decision, Decisions, MapRow, Record, World


def decide(world: World) -> Decisions:
    """What becomes of every source row."""
    matcher = Matcher(world)
    patients = matcher.decide()
    rois, rois_without_key = decide_rois(world)
    return Decisions(patients, rois, matcher.without_key, rois_without_key)


def apply(world: World, decisions: Decisions) -> World:
    """The world after a run in which HubSpot took every write; new records get ids "new:…"."""
    contacts, patient_map = _apply(
        world.contacts, world.patient_map, decisions.patients.values(), "patient"
    )
    roi_records, roi_map = _apply(world.roi_records, world.roi_map, decisions.rois.values(), "roi")
    return replace(
        world,
        contacts=contacts,
        roi_records=roi_records,
        patient_map=patient_map,
        roi_map=roi_map,
    )


def _apply(
    records: Iterable[Record], id_map: Iterable[MapRow], decisions: Iterable[Decision], kind: str
) -> tuple[list[Record], list[MapRow]]:
    after = {record.id: record for record in records}
    mapped_rows = {read_key(row.natural_key): row for row in id_map}
    for decision in decisions:
        if not decision.is_news:
            continue
        assert decision.natural_key is not None
        hubspot_id = decision.hubspot_id or f"new:{kind}:{decision.natural_key}"
        before = after[hubspot_id].properties if hubspot_id in after else {}
        written = {name: value or None for name, value in decision.properties.items()}
        after[hubspot_id] = Record(hubspot_id, {**before, **written})
        mapped_rows[decision.natural_key] = MapRow(
            decision.natural_key, hubspot_id, decision.payload_hash, memory=decision.memory
        )
    return list(after.values()), list(mapped_rows.values())
