"""Gives a portal the properties and the custom object that the sync writes to."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from .objects import ObjectType
from .portal import Portal
from .properties import BOOLEAN_OPTIONS, Property, parse_options

ROI_NAME = "roi"
GROUP = "advancedmd"
_FIELD_TYPES = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "bool": "booleancheckbox",
    "enumeration": "select",
    "phone_number": "phonenumber",
}

# name, type, label; the first of each list is the unique natural id.
CONTACT_PROPERTIES = [
    ("amd_patient_id", "string", "AMD patient ID"),
    ("patient_id", "string", "Patient ID"),
    ("patient_chart", "string", "Patient chart"),
    ("ncf_date_of_birth", "date", "Date of birth"),
    ("street_address_line_2", "string", "Street address line 2"),
    ("spravatostodate", "number", "Spravatos to date"),
    ("ketaminestodate", "number", "Ketamines to date"),
    ("treatmentstodate", "number", "Treatments to date"),
    ("future_treatment_count", "number", "Future treatments"),
    ("future_follow_up_count", "number", "Future follow-ups"),
    ("primary_facility", "string", "Primary facility"),
    ("primary_facility_code", "string", "Primary facility code"),
    ("first_initial_consult__treatment_", "datetime", "First initial consult"),
    ("started", "bool", "Started"),
    ("active_treatment", "bool", "Active treatment"),
    ("preferred_first_name", "string", "Preferred first name"),
    ("middlename", "string", "Middle name"),
    ("otherphone", "string", "Other phone"),
    ("care_type", "string", "Care type"),
    ("next_treatment_date", "date", "Next treatment"),
    ("next_follow_up_date", "date", "Next follow-up"),
    ("amd_synced", "bool", "AMD synced"),
]
ROI_PROPERTIES = [
    ("roi_id", "string", "ROI ID"),
    ("roi_type", "string", "ROI type"),
    ("amd_template_id", "string", "AMD template ID"),
    ("patient_id", "string", "Patient ID"),
    ("patient_chart", "string", "Patient chart"),
    ("patient_signed_name", "string", "Patient signed name"),
    ("accepted_datetime", "datetime", "Accepted"),
    ("completed_date", "date", "Completed"),
    ("patient_signed_dob", "date", "Patient signed date of birth"),
    ("raw_provider_name", "string", "Provider name"),
    ("raw_provider_specialty", "string", "Provider specialty"),
    ("raw_provider_email", "string", "Provider email"),
    ("raw_provider_phone", "string", "Provider phone"),
    ("raw_provider_fax", "string", "Provider fax"),
    ("processing_status", "string", "Processing status"),
    ("processing_datetime", "datetime", "Processing time"),
    ("roi_manual_override", "bool", "Manual override"),
]
ROI_REQUIRED = ["roi_id", "roi_type"]


def create_roi(portal: Portal) -> ObjectType:
    """The custom object `roi`, without properties of its own."""
    found = portal.types.find(f"p_{ROI_NAME}")
    if found is None:
        found = portal.types.create(
            ROI_NAME, {"singular": "ROI", "plural": "ROIs"}, portal.now_ms()
        )
        found.allows_sensitive = True
        found.associated = ["0-1"]
    return found


def provision_builtin(portal: Portal, *, with_roi: bool = True, roi_is_unique: bool = True) -> None:
    """The properties of the sync's mapping, with their usual names."""
    _add_all(portal, portal.types.contacts, CONTACT_PROPERTIES, is_unique=True)
    if with_roi:
        roi = create_roi(portal)
        _add_all(portal, roi, ROI_PROPERTIES, is_unique=roi_is_unique)
        roi.required = list(ROI_REQUIRED)
        roi.primary_display = "roi_id"
        roi.searchable = ["roi_id"]


def provision_catalogue(
    portal: Portal, folder: Path, *, with_roi: bool = True, roi_is_unique: bool = True
) -> None:
    """The properties of the project's own catalogue seeds."""
    with (folder / "hubspot_objects.csv").open(newline="", encoding="utf-8") as source:
        objects = list(csv.DictReader(source))
    with (folder / "hubspot_properties.csv").open(newline="", encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    provision_rows(portal, objects, rows, with_roi=with_roi, roi_is_unique=roi_is_unique)


def provision_rows(
    portal: Portal,
    objects: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    *,
    with_roi: bool = True,
    roi_is_unique: bool = True,
) -> None:
    """Create what catalogue rows ask for; properties that are there already stay."""
    now = portal.now_ms()
    for order in objects:
        type_name = order["object_type_default"]
        item = portal.types.find(type_name)
        if item is None:
            if not with_roi:
                continue
            name = order.get("object_name") or type_name.removeprefix("p_")
            labels = {
                "singular": order.get("singular_label") or name,
                "plural": order.get("plural_label") or name,
            }
            item = portal.types.create(name, labels, now)
            item.allows_sensitive = True
            item.associated = ["0-1"]
        for row in rows:
            if row["entity"] != order["entity"]:
                continue
            name = row["property"]
            if name == "natural_id":
                name = order["id_property_default"]
            is_key = name == order["id_property_default"]
            if item.live_property(name) is not None:
                continue
            is_unique = _truth(row.get("is_unique")) and (
                roi_is_unique or not (item.is_custom and is_key)
            )
            item.put_property(
                _definition(
                    name,
                    row.get("label") or name,
                    row.get("type") or "string",
                    now,
                    widget=row.get("field_type") or None,
                    group=row.get("group_name") or GROUP,
                    options=_options(row.get("options") or ""),
                    is_unique=is_unique,
                    sensitivity=row.get("sensitivity") or "non_sensitive",
                )
            )
            if _truth(row.get("is_required")) and item.is_custom and name not in item.required:
                item.required.append(name)
        if item.is_custom:
            display = order.get("primary_display_property") or "natural_id"
            item.primary_display = (
                order["id_property_default"] if display == "natural_id" else display
            )


def _add_all(
    portal: Portal, item: ObjectType, names: list[tuple[str, str, str]], *, is_unique: bool
) -> None:
    for order, (name, kind, label) in enumerate(names):
        item.put_property(
            _definition(name, label, kind, portal.now_ms(), is_unique=is_unique and order == 0)
        )


def _definition(
    name: str,
    label: str,
    kind: str,
    now_ms: int,
    *,
    widget: str | None = None,
    group: str = GROUP,
    options: list[dict[str, Any]] | None = None,
    is_unique: bool = False,
    sensitivity: str = "non_sensitive",
) -> Property:
    if kind == "bool":
        options = [dict(option) for option in BOOLEAN_OPTIONS]
    return Property(
        name,
        label,
        kind,
        widget or _FIELD_TYPES[kind],
        group,
        options=options or [],
        is_unique=is_unique,
        sensitivity=sensitivity,
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def _options(text: str) -> list[dict[str, Any]]:
    """`Yes=true;No=false`"""
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    return parse_options(
        [{"label": label.strip(), "value": (value or label).strip()} for label, _, value in pairs]
    )


def _truth(value: Any) -> bool:
    return str(value).strip().lower() in ("true", "1", "yes", "y", "t")
