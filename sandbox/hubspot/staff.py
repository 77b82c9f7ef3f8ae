"""What happens to records behind the worker's back: staff edits, merges, deletions."""

from __future__ import annotations

from typing import Any

from . import errors
from .objects import ObjectType
from .portal import Portal
from .records import Writer
from .store import Record
from .values import instant_ms


def edit(portal: Portal, item: ObjectType, record_id: int, properties: dict[str, Any]) -> Record:
    """Change a record as staff would; system values may be set too, for tests that need them."""
    record = item.store.resolve(record_id)
    if record is None:
        raise errors.not_found_record()
    system = {
        name: properties[name]
        for name in properties
        if name
        in (
            "createdate",
            "hs_createdate",
            "lastmodifieddate",
            "hs_lastmodifieddate",
            "hs_additional_emails",
        )
    }
    rest = {name: value for name, value in properties.items() if name not in system}
    Writer(portal, item).patch(record, {k: "" if v is None else v for k, v in rest.items()})
    if system:
        set_system_values(item, record, system)
    return record


def set_system_values(item: ObjectType, record: Record, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name in ("createdate", "hs_createdate"):
            record.created_ms = instant_ms(str(value))
        elif name in ("lastmodifieddate", "hs_lastmodifieddate"):
            record.modified_ms = instant_ms(str(value))
        elif name == "hs_additional_emails":
            text = value if isinstance(value, str) else ";".join(value or ())
            record.extra_emails = tuple(
                part.strip().lower() for part in text.split(";") if part.strip()
            )
            item.store.reindex_emails()
    item.store.version += 1


def merge(portal: Portal, item: ObjectType, primary_id: int, secondary_id: int) -> Record:
    primary, secondary = item.store.resolve(primary_id), item.store.resolve(secondary_id)
    if primary is None or secondary is None or primary is secondary:
        raise errors.error(400, f"Records {primary_id} and {secondary_id} cannot be merged")
    now = portal.now_ms()
    survivor = item.store.merge(
        primary,
        secondary,
        now,
        portal.settings.index_lag_ms,
        keep_id=portal.settings.primary_id_preservation,
    )
    portal.log.add_write(now, item.name, survivor.id, "merge", ())
    return survivor


def archive(portal: Portal, item: ObjectType, record_ids: list[int]) -> int:
    """Archive what is there; unknown ids are ignored, as HubSpot does."""
    done, now = 0, portal.now_ms()
    for record_id in record_ids:
        record = item.store.resolve(record_id)
        if record is not None:
            item.store.archive(record, now)
            portal.log.add_write(now, item.name, record.id, "archive", ())
            done += 1
    return done


def gdpr_delete(portal: Portal, item: ObjectType, record_ids: list[int]) -> int:
    """Delete for good, archived records as well."""
    done, now = 0, portal.now_ms()
    for record_id in record_ids:
        record = item.store.resolve(record_id) or item.store.archived.get(record_id)
        if record is not None:
            item.store.forget(record)
            portal.log.add_write(now, item.name, record.id, "gdpr_delete", ())
            done += 1
    return done


def restore(portal: Portal, item: ObjectType, record_ids: list[int]) -> int:
    done, now = 0, portal.now_ms()
    for record_id in record_ids:
        record = item.store.archived.get(record_id)
        if record is not None:
            item.store.restore(record, now)
            portal.log.add_write(now, item.name, record.id, "restore", ())
            done += 1
    return done
