"""The portal against the catalogue: read what it has, say what is wrong.

SQL compares (view `portal_findings`); this module only carries both sides.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO

from pusher import logs
from pusher.errors import Forbidden, Refused, SettingsError, Transient
from pusher.hubspot import entries
from pusher.session import Session
from pusher.warehouse import Row, json_line

STANDARD = "non_sensitive"
RULES_OF_A_RUN = "snapshot_rule_findings"
SEVERITIES = {"error": "ERROR", "warn": "WARNING", "note": "INFO"}
WHEN = ("first_seen_at", "checked_at")


def record(session: Session) -> None:
    """Store what properties the portal has, where that differs from what was stored."""
    warehouse, settings = session.warehouse, session.settings
    stored = warehouse.query(f"select * from {settings.table('hubspot_portal_properties')}")
    wanted = catalogue(session)
    checked_at = datetime.now(UTC)
    for row in session.objects:
        entity = row["entity"]
        known = {_fingerprint(entry) for entry in stored if entry["entity"] == entity}
        found = _with_rules(session, row, properties(session, row, wanted))
        # An object without any property is none: not to be believed.
        if not found or known == {_fingerprint(entry) for entry in found}:
            continue
        refresh_id = uuid.uuid4().hex
        stamp = {"refresh_id": refresh_id, "checked_at": checked_at.isoformat()}
        lines = b"\n".join(json_line(entry | stamp) for entry in found)
        warehouse.append("hubspot_portal_stage", BytesIO(lines))
        warehouse.call("replace_portal_properties", refresh_id, entity)


def findings(session: Session, rules: str = "queue_rule_findings") -> list[Row]:
    """Every difference between catalogue and portal, and every rule of the portal's for our values,
    the worst first. `rules` is the view that holds the rules against what is queued."""
    columns = "entity, property, severity, code, finding, what_to_do"
    of_run = "and run_id = @run_id" if rules == RULES_OF_A_RUN else ""
    return session.warehouse.query(
        f"""select {columns} from (
            select {columns} from {session.settings.table("portal_findings")}
            union all
            select {columns} from {session.settings.table(rules)} where true {of_run}
        ) as found
        where entity in unnest(@entities)
        order by case severity when 'error' then 1 when 'warn' then 2 else 3 end,
            entity, property, code""",
        entities=session.entities,
        **({"run_id": session.run_id} if of_run else {}),
    )


def unreadable(session: Session) -> list[Row]:
    """A finding for each sensitive property whose values the token may not read: it may read the
    definition all the same. A record that has a value shows which of HubSpot's two ways it is, a
    403 or a gap."""
    found: list[Row] = []
    for entry in catalogue(session):
        row = next((row for row in session.objects if row["entity"] == entry["entity"]), None)
        if row is None or (entry["sensitivity"] or STANDARD) == STANDARD:
            continue
        name, hint = entry["property"], ""
        has_one = {"propertyName": name, "operator": "HAS_PROPERTY"}
        body = {"filterGroups": [{"filters": [has_one]}], "properties": [name], "limit": 1}
        try:
            page = session.hubspot.search(row["object_type"], body)
        except Forbidden as error:
            hint = error.hint
        except Refused:  # highly sensitive properties cannot be searched, missing ones neither
            continue
        else:
            if any(not (one.get("properties") or {}).get(name) for one in entries(page, "results")):
                hint = "HubSpot leaves its values out."
        if hint:
            found.append(
                {
                    "entity": row["entity"],
                    "property": name,
                    "severity": "error",
                    "code": "scope_missing",
                    "finding": hint,
                    "what_to_do": "Give the token the `.sensitive` scopes (docs/hipaa.md).",
                }
            )
    return found


def require(session: Session) -> None:
    """End the run where the portal is not as the catalogue needs it; name its rules."""
    found = findings(session, RULES_OF_A_RUN)
    errors = [row for row in found if row["severity"] == "error"]
    for row in found:
        if row["severity"] != "error" and not row["code"].startswith("rule_"):
            continue  # told by `check`: no reason to say it every night
        logs.event(
            "portal_finding",
            severity=SEVERITIES[row["severity"]],
            entity=row["entity"],
            property=row["property"],
            code=row["code"],
            finding=row["finding"],
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
            options = [
                (_flat(option.get("label")), str(option.get("value")))
                for option in entries(entry, "options")
            ]
            yield {
                "entity": row["entity"],
                "property": entry.get("name"),
                "label": entry.get("label"),
                "property_type": entry.get("type"),
                "field_type": entry.get("fieldType"),
                "has_unique_value": bool(entry.get("hasUniqueValue")),
                "sensitivity": entry.get("dataSensitivity") or STANDARD,
                "is_read_only": bool(modification.get("readOnlyValue")),
                "option_values": ";".join(value for _, value in options) or None,
                "option_labels": "\n".join(map("\t".join, options)) or None,
                "updated_at": entry.get("updatedAt") or entry.get("createdAt"),
            }


def _with_rules(session: Session, row: Row, found: Iterable[Row]) -> list[Row]:
    """The properties with what HubSpot asks of their values; without, where it does not say."""
    schema = session.hubspot.resolve(row["object_type"], session.portal_id)
    rules: dict[str, str] = {}
    try:
        for entry in session.hubspot.rules(row["object_type"]):
            rules[str(entry.get("propertyName"))] = "\n".join(
                "\t".join([str(rule.get("ruleType")), *map(_flat, rule.get("ruleArguments") or [])])
                for rule in entries(entry, "propertyValidationRules")
            )
    except (Forbidden, Refused, Transient) as error:
        logs.event("rules_not_read", entity=row["entity"], code=error.code)
    required = schema.get("requiredProperties") or []
    return [
        entry
        | {
            "is_required": entry["property"] in required,
            "validation_rules": rules.get(str(entry["property"])) or None,
        }
        for entry in found
    ]


def _flat(argument: object) -> str:
    """A rule's argument on one line, without the tabs that part it from others."""
    return " ".join(str(argument).split())


def catalogue(session: Session) -> list[Row]:
    """The properties that SQL wants."""
    return session.warehouse.query(
        f"select * from {session.settings.table('catalogue_properties')}"
    )


def _fingerprint(entry: Row) -> str:
    return json.dumps({key: entry[key] for key in sorted(entry) if key not in WHEN})
