"""Create in the portal what the catalogue names and the portal lacks.

Sensitivity and uniqueness of a property are for good: what HubSpot would get wrong is refused by
name before anything is made. All of it may be repeated: what is there already is done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pusher import portal
from pusher.errors import Failed, Forbidden, Refused, SettingsError, Transient
from pusher.hubspot import Document
from pusher.session import Session
from pusher.warehouse import Row

HUBSPOTS_OWN = "hs_"  # its prefix for properties that nobody else can create
FRESH_SECONDS = 60.0  # a new definition answers within a second, as a rule


def setup(session: Session) -> list[str]:
    """Create what is lacking, and tell what was done."""
    catalogue = portal.catalogue(session)
    wanted = {
        row["entity"]: [entry for entry in catalogue if entry["entity"] == row["entity"]]
        for row in session.objects
    }
    lacking = [row for row in session.objects if not _answers(session, row)]
    for row in lacking:
        _refuse_what_would_go_wrong(row, wanted[row["entity"]])
    done: list[str] = []
    for row in session.objects:
        if row in lacking:
            done.append(_create_object(session, row, wanted[row["entity"]]))
        done += _create_properties(session, row, wanted[row["entity"]])
    return done or ["nothing to create: the portal has all that the catalogue names"]


def _refuse_what_would_go_wrong(row: Row, properties: list[Row]) -> None:
    entity, object_type = row["entity"], row["object_type"]
    if not re.fullmatch(r"p\d*_.+|\d+-\d+", object_type):
        raise SettingsError(
            "object_missing",
            f"{entity}: the portal has no object {object_type}; a custom object that setup can"
            f" create is named p_{object_type}",
        )
    for entry in properties:
        if _is_sensitive(entry) and (entry["is_required"] or entry is _display(row, properties)):
            raise SettingsError(
                "cannot_be_sensitive",
                f"{entity}.{entry['property']}: an object is made with its required properties and"
                " its display property, and HubSpot makes those non-sensitive for good. Nothing was"
                " created. Change `sensitivity`, `is_required` or the display property in seeds/",
            )


def _create_object(session: Session, row: Row, properties: list[Row]) -> str:
    schema = _schema(session, row, properties)
    name = f"{row['entity']}: object {row['object_name']}"
    conflicts = _make(name, session.hubspot.create_schema, schema)
    _wait(session, lambda: set() if _answers(session, row) else {name}, conflicts)
    object_type = session.hubspot.canonical(row["object_type"])
    return f"{row['entity']}: created the custom object ({object_type})"


def _create_properties(session: Session, row: Row, properties: list[Row]) -> list[str]:
    entity, object_type, hubspot = row["entity"], row["object_type"], session.hubspot
    there = _names(session, row, properties)
    missing = [
        entry
        for entry in properties
        if entry["property"] not in there and not entry["property"].startswith(HUBSPOTS_OWN)
    ]
    done: list[str] = []
    schema = hubspot.resolve(object_type, session.portal_id)
    if any(_is_sensitive(entry) for entry in missing) and _may_not_hold_sensitive(schema):
        flag = {"allowsSensitiveProperties": True, "clearDescription": False}
        _make(f"{entity}: sensitive properties", hubspot.patch_schema, object_type, flag)
        done.append(f"{entity}: the object may hold sensitive properties now")
    for group in sorted({entry["group_name"] for entry in missing}):
        label = group.replace("_", " ").capitalize()
        _make(
            f"{entity}: group {group}",
            hubspot.create_group,
            object_type,
            {"name": group, "label": label},
        )
    conflicts: dict[str, str] = {}
    for entry in missing:
        definition = {**_definition(entry), "groupName": entry["group_name"]}
        if _is_sensitive(entry):
            definition["dataSensitivity"] = entry["sensitivity"]
        name = f"{entity}.{entry['property']}"
        conflicts |= _make(name, hubspot.create_property, object_type, definition)
        done.append(f"{entity}: created property {entry['property']}")
    made = {entry["property"] for entry in missing}
    if made:

        def lacking() -> set[str]:
            return {f"{entity}.{name}" for name in made - _names(session, row, properties)}

        _wait(session, lacking, conflicts)
    return done


def _make(what: str, make: Callable[..., None], *arguments: Any) -> dict[str, str]:
    """Make one thing; an error names it, and HubSpot's code. A conflict is given back: it is none
    where the thing is there, since the answer that it had been made may have been lost."""
    try:
        make(*arguments)
    except Refused as error:
        told = f"{what}: HubSpot says {error.code}"
        if error.refusal.http_status == 409:
            return {what: told}
        raise SettingsError("setup_refused", told) from None
    except Forbidden as error:
        raise Forbidden(error.code, f"{what}: {error.hint}") from None
    return {}


def _wait(session: Session, lacking: Callable[[], set[str]], conflicts: dict[str, str]) -> None:
    """Until HubSpot shows what it has just made: it says yes before it does."""
    deadline = time.monotonic() + FRESH_SECONDS
    left = {"what setup made"}
    while True:
        with suppress(Transient):  # a gateway's 404 is one, too
            left = lacking()
        if not left:
            return
        if time.monotonic() > deadline:
            break
        session.hubspot.halted.wait(1.0)
    for name in sorted(left & conflicts.keys()):
        raise SettingsError("setup_refused", conflicts[name])
    raise Failed(
        "not_yet_there", f"{', '.join(sorted(left))}: created, and does not show: repeat setup"
    )


def _answers(session: Session, row: Row) -> bool:
    """Whether the object is there: by its schema, and by its properties, which may come later."""
    session.hubspot.resolve(row["object_type"], session.portal_id)
    with suppress(Refused):
        return bool(session.hubspot.properties(row["object_type"]))
    return False


def _names(session: Session, row: Row, properties: list[Row]) -> set[str]:
    return {entry["property"] for entry in portal.properties(session, row, properties)}


def _may_not_hold_sensitive(schema: Document) -> bool:
    """A custom object says whether it may; HubSpot's own objects need no leave."""
    is_custom = str(schema.get("objectTypeId", "")).startswith("2-")
    return is_custom and not schema.get("allowsSensitiveProperties")


def _is_sensitive(entry: Row) -> bool:
    return (entry["sensitivity"] or portal.STANDARD) != portal.STANDARD


def _display(row: Row, properties: list[Row]) -> Row | None:
    names = {entry["property"]: entry for entry in properties}
    return names.get(row["primary_display_property"]) or names.get(row["id_property"])


def _schema(session: Session, row: Row, properties: list[Row]) -> Document:
    """The custom object with the properties that it cannot be made without. A sensitive one is
    made afterwards: a schema's request cannot say that it is."""
    display = _display(row, properties)
    first = [
        entry
        for entry in properties
        if (entry["is_unique"] or entry["is_required"] or entry is display)
        and not _is_sensitive(entry)
    ]
    shown = display["property"] if display else row["id_property"]
    others = [other["object_type"] for other in session.objects if other is not row]
    # Each of these lists is required by the document of a version, though not by its guide.
    schema = {
        "name": row["object_name"],
        "labels": {"singular": row["singular_label"], "plural": row["plural_label"]},
        "primaryDisplayProperty": shown,
        "requiredProperties": [entry["property"] for entry in first if entry["is_required"]],
        "searchableProperties": [shown],
        "secondaryDisplayProperties": [],
        "allowsSensitiveProperties": any(_is_sensitive(entry) for entry in properties),
        "associatedObjects": [session.hubspot.canonical(name) for name in others],
        "properties": [_definition(entry) for entry in first],
    }
    if session.settings.api_version == "2026-03":
        schema["shouldCreateSameObjectAssociation"] = False
    return schema


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
