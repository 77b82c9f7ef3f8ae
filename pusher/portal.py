"""The portal against the catalogue: read what it has, say what is wrong, create what is missing.

SQL compares (view `portal_findings`); this module only carries both sides.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from pusher import logs
from pusher.errors import Refused, SettingsError
from pusher.hubspot import Document, entries
from pusher.session import Session
from pusher.warehouse import Row, json_line

STANDARD = "non_sensitive"
HUBSPOTS_OWN = "hs_"  # its prefix for properties that nobody else can create


def record(session: Session) -> bool:
    """Store what properties the portal has; true where that differs from what was stored."""
    warehouse, settings = session.warehouse, session.settings
    stored = warehouse.query(f"select * from {settings.table('hubspot_portal_properties')}")
    catalogue = _catalogue(session)
    checked_at = datetime.now(UTC)
    has_changed = False
    for row in session.objects:
        entity = row["entity"]
        known = {_fingerprint(entry) for entry in stored if entry["entity"] == entity}
        found = list(_properties(session, row, catalogue))
        if known == {_fingerprint(entry) for entry in found}:
            continue
        has_changed = True
        refresh_id = uuid.uuid4().hex
        stamp = {"refresh_id": refresh_id, "checked_at": checked_at.isoformat()}
        lines = b"\n".join(json_line(entry | stamp) for entry in found)
        warehouse.append("hubspot_portal_stage", BytesIO(lines))
        warehouse.call("replace_portal_properties", refresh_id, entity)
    return has_changed


def findings(session: Session) -> list[Row]:
    """Every difference between catalogue and portal, the worst first."""
    return session.warehouse.query(
        f"""select entity, property, severity, code, finding, what_to_do
        from {session.settings.table("portal_findings")}
        where entity in unnest(@entities)
        order by
            case severity when 'error' then 1 when 'warn' then 2 else 3 end, entity, property""",
        entities=session.entities,
    )


def require(session: Session) -> None:
    """End the run where the portal is not as the catalogue needs it."""
    errors = [row for row in findings(session) if row["severity"] == "error"]
    for row in errors:
        logs.event(
            "portal_finding",
            severity="ERROR",
            entity=row["entity"],
            property=row["property"],
            code=row["code"],
            what_to_do=row["what_to_do"],
        )
    if errors:
        first = errors[0]
        raise SettingsError(
            f"portal_{first['code']}",
            f"{first['entity']}.{first['property']}: {first['finding']} {first['what_to_do']}"
            + (f" ({len(errors) - 1} more: python -m pusher check)" if errors[1:] else ""),
        )


def setup(session: Session) -> list[str]:
    """Create what the portal lacks, and tell what was done."""
    done: list[str] = []
    catalogue = _catalogue(session)
    for row in session.objects:
        entity, object_type = row["entity"], row["object_type"]
        properties = [entry for entry in catalogue if entry["entity"] == entity]
        if not _exists(session, row):
            created = session.hubspot.create_schema(_schema(session, row, properties))
            done.append(f"{entity}: created the custom object ({created or object_type})")
            session.hubspot.resolve(object_type, session.portal_id)
        present = {entry["property"] for entry in _properties(session, row, catalogue)}
        missing = [entry for entry in properties if entry["property"] not in present]
        missing = [row for row in missing if not row["property"].startswith(HUBSPOTS_OWN)]
        for group in sorted({entry["group_name"] for entry in missing}):
            label = group.replace("_", " ").capitalize()
            session.hubspot.create_group(object_type, {"name": group, "label": label})
        for entry in missing:
            definition = {**_definition(entry), "groupName": entry["group_name"]}
            if _is_sensitive(entry):
                definition["dataSensitivity"] = entry["sensitivity"]
            session.hubspot.create_property(object_type, definition)
            done.append(f"{entity}: created property {entry['property']}")
    return done or ["nothing to create: the portal has all that the catalogue names"]


def _properties(session: Session, row: Row, catalogue: list[Row]) -> Iterator[Row]:
    """The portal's properties, as rows of the stage table; sensitive ones where we have such."""
    levels = {
        entry["sensitivity"] or STANDARD for entry in catalogue if entry["entity"] == row["entity"]
    }
    for level in (None, *sorted(levels - {STANDARD})):
        try:
            found = session.hubspot.properties(row["object_type"], level)
        except Refused as error:
            raise SettingsError(
                "object_missing",
                f"{row['entity']}: the portal has no object {row['object_type']} ({error.code}); "
                "`python -m pusher setup` creates it",
            ) from None
        for entry in found:
            modification = entry.get("modificationMetadata") or {}
            options = [str(option.get("value")) for option in entries(entry, "options")]
            yield {
                "entity": row["entity"],
                "property": entry.get("name"),
                "label": entry.get("label"),
                "property_type": entry.get("type"),
                "field_type": entry.get("fieldType"),
                "has_unique_value": bool(entry.get("hasUniqueValue")),
                "sensitivity": entry.get("dataSensitivity") or STANDARD,
                "is_read_only": bool(modification.get("readOnlyValue")),
                "option_values": ";".join(options) or None,
            }


def _catalogue(session: Session) -> list[Row]:
    return session.warehouse.query(
        f"select * from {session.settings.table('catalogue_properties')}"
    )


def _exists(session: Session, row: Row) -> bool:
    if session.hubspot.resolve(row["object_type"], session.portal_id):
        return True
    try:
        return bool(session.hubspot.properties(row["object_type"]))
    except Refused:
        return False


def _schema(session: Session, row: Row, properties: list[Row]) -> Document:
    """The custom object with the properties that it cannot be made without."""
    display = row["primary_display_property"]
    if display not in {entry["property"] for entry in properties}:
        display = row["id_property"]
    first = [
        entry
        for entry in properties
        if entry["is_unique"] or entry["is_required"] or entry["property"] == display
    ]
    others = [other["object_type"] for other in session.objects if other is not row]
    # Each of these lists is required by the document of a version, though not by its guide.
    schema = {
        "name": row["object_name"],
        "labels": {"singular": row["singular_label"], "plural": row["plural_label"]},
        "primaryDisplayProperty": display,
        "requiredProperties": [entry["property"] for entry in first if entry["is_required"]],
        "searchableProperties": [display],
        "secondaryDisplayProperties": [],
        "allowsSensitiveProperties": any(_is_sensitive(entry) for entry in properties),
        "associatedObjects": [session.hubspot.canonical(name) for name in others],
        "properties": [_definition(entry) for entry in first],
    }
    if session.settings.api_version == "2026-03":
        schema["shouldCreateSameObjectAssociation"] = False
    return schema


def _is_sensitive(entry: Row) -> bool:
    return (entry["sensitivity"] or STANDARD) != STANDARD


def _definition(entry: Row) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "name": entry["property"],
        "label": entry["label"],
        "type": entry["property_type"],
        "fieldType": entry["field_type"],
    }
    if entry["is_unique"]:
        definition["hasUniqueValue"] = True
    if entry["options"]:
        pairs = [pair.partition("=") for pair in entry["options"].split(";")]
        definition["options"] = [
            {"label": label, "value": value, "hidden": False, "displayOrder": position}
            for position, (label, _, value) in enumerate(pairs)
        ]
    return definition


def _fingerprint(entry: Row) -> str:
    return json.dumps({key: entry[key] for key in sorted(entry) if key != "checked_at"})
