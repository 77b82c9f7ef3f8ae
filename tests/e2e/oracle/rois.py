"""ROIs: by their key, then by the id map; processed ones are left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from tests.e2e.oracle.hubspot import IdMap, Mirror
from tests.e2e.oracle.payloads import payload_hash, roi_payload
from tests.e2e.oracle.properties import settled
from tests.e2e.oracle.rows import KeyedRow, gather, roi_exclusion
from tests.e2e.oracle.values import clean, read_bool, read_key
from tests.e2e.oracle.world import Decision, Options, Record, SourceRow, World


def decide_rois(world: World) -> tuple[dict[str, Decision], list[Decision]]:
    mirror = Mirror(world.roi_records)
    id_map = IdMap(world.roi_map, mirror)
    by_key: dict[str, list[Record]] = defaultdict(list)
    for carrying in mirror.live.values():
        key = read_key(carrying.value("roi_id"))
        if key is not None:
            by_key[key].append(carrying)
    keyed, without_key = gather(
        world.rois, "roi_id", ("TemplateName",), world.options.updated_at, roi_exclusion
    )
    decisions = {}
    for row in keyed:
        if row.exclusion is not None:
            decisions[row.natural_key] = Decision(
                row.natural_key, "excluded", row.exclusion, source_rows=row.source_rows
            )
            continue
        reason = row.reason
        record: Record | None = None
        if reason is None:
            record, reason = _resolve_roi(row.natural_key, by_key, id_map, world.options)
        decisions[row.natural_key] = _decide_roi(row, record, reason, id_map, world)
    return decisions, without_key


def _resolve_roi(
    key: str, by_key: Mapping[str, list[Record]], id_map: IdMap, options: Options
) -> tuple[Record | None, str | None]:
    carrying = by_key.get(key, [])
    if len(carrying) > 1:
        return None, "ambiguous_roi_id"
    if carrying:
        return carrying[0], None
    record = id_map.target(key)
    if record is not None:
        carried = read_key(record.value("roi_id"))
        if carried is not None or id_map.owners[record.id] != {key}:
            return None, "id_map_conflict"
        return record, None
    if key in id_map.rows and not options.recreate_deleted:
        return None, "deleted_in_hubspot"
    return None, None


def _decide_roi(
    row: KeyedRow, record: Record | None, reason: str | None, id_map: IdMap, world: World
) -> Decision:
    if reason is not None:
        return Decision(row.natural_key, "quarantined", reason, source_rows=row.source_rows)
    payload = roi_payload(row.natural_key, row.row, world.roi_columns, world.options, world.today)
    hash_now = payload_hash(payload, ())
    decision = Decision(
        row.natural_key,
        "create",
        properties=payload,
        payload_hash=hash_now,
        source_rows=row.source_rows,
    )
    if record is None:
        return settled(decision, None, id_map)
    decision = replace(decision, tier=0, hubspot_id=record.id)
    if _is_processed_in_hubspot(record) or _is_processed_in_source(row.row):
        return replace(decision, state="protected")
    return settled(decision, record, id_map)


def _is_processed_in_hubspot(record: Record) -> bool:
    is_processed = record.value("processing_status") == "Processed"
    return (is_processed and record.value("processing_datetime") is not None) or read_bool(
        record.value("roi_manual_override")
    ) == "true"


def _is_processed_in_source(row: SourceRow) -> bool:
    status = clean(row.get("processing_status", row.get("ProcessingStatus")))
    moment = clean(row.get("processing_datetime", row.get("ProcessingDatetime")))
    return status == "Processed" and moment is not None
