"""The portal against the catalogue: read what it has, say what is wrong.

SQL compares (view `portal_findings`); this module only carries both sides.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

from pusher import logs
from pusher.errors import Forbidden, Refused, SettingsError
from pusher.hubspot import entries
from pusher.session import Session
from pusher.warehouse import Row, json_line

STANDARD = "non_sensitive"


def record(session: Session) -> bool:
    """Store what properties the portal has; true where that differs from what was stored."""
    warehouse, settings = session.warehouse, session.settings
    stored = warehouse.query(f"select * from {settings.table('hubspot_portal_properties')}")
    wanted = catalogue(session)
    checked_at = datetime.now(UTC)
    has_changed = False
    for row in session.objects:
        entity = row["entity"]
        known = {_fingerprint(entry) for entry in stored if entry["entity"] == entity}
        found = list(properties(session, row, wanted))
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


def properties(session: Session, row: Row, wanted: list[Row]) -> Iterator[Row]:
    """The portal's properties, as rows of the stage table; sensitive ones where we have such."""
    levels = {
        entry["sensitivity"] or STANDARD for entry in wanted if entry["entity"] == row["entity"]
    }
    for level in (None, *sorted(levels - {STANDARD})):
        try:
            found = session.hubspot.properties(row["object_type"], level)
        except Forbidden as error:
            raise SettingsError(
                "scope_missing", f"{row['entity']}: {level or 'its'} properties: {error.hint}"
            ) from None
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


def catalogue(session: Session) -> list[Row]:
    """The properties that SQL wants."""
    return session.warehouse.query(
        f"select * from {session.settings.table('catalogue_properties')}"
    )


def _fingerprint(entry: Row) -> str:
    return json.dumps({key: entry[key] for key in sorted(entry) if key != "checked_at"})
