"""Property definitions: what a portal is born with, what it accepts, and how values are checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import errors, rules
from .settings import Settings
from .values import CLEANERS, InvalidValue, clean_email, clean_string, iso_instant

FIELD_TYPES: dict[str, tuple[str, ...]] = {
    "string": ("text", "textarea", "phonenumber", "html", "file", "calculation_equation"),
    "phone_number": ("phonenumber",),
    "number": ("number", "calculation_equation", "calculation_rollup"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox", "calculation_equation"),
    "bool": ("booleancheckbox", "calculation_equation"),
}
SENSITIVITIES = ("non_sensitive", "sensitive", "highly_sensitive")
MAX_UNIQUE = 10
MAX_PROPERTIES = 1_000
BOOLEAN_OPTIONS = [
    {"label": "Yes", "value": "true", "description": "", "displayOrder": 0, "hidden": False},
    {"label": "No", "value": "false", "description": "", "displayOrder": 1, "hidden": False},
]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


@dataclass(slots=True)
class Property:
    """One property of an object type, as the properties API shows it."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    is_unique: bool = False
    sensitivity: str = "non_sensitive"
    is_read_only: bool = False
    is_hubspot_defined: bool = False
    hidden: bool = False
    form_field: bool = False
    display_order: int = -1
    is_archived: bool = False
    created_ms: int = 0
    updated_ms: int = 0
    rules: rules.Rules = field(default_factory=dict)
    # What the records held when it was deleted.
    lost_values: dict[int, str] = field(default_factory=dict)

    def clean(self, value: str, settings: Settings) -> str:
        """The stored form of a value; InvalidValue if this property does not take it."""
        cleaned = self._typed(value, settings)
        return rules.checked(cleaned, self.rules, strips_phones=settings.phone_rule == "strip")

    def _typed(self, value: str, settings: Settings) -> str:
        if self.is_hubspot_defined and self.name == "email":
            return clean_email(value, settings.invalid_tlds)
        cleaner = CLEANERS.get(self.type)
        if cleaner is not None:
            return cleaner(value)
        allowed = {option["value"] for option in self.options}
        if not allowed and self.type == "enumeration":
            return clean_string(value)
        parts = value.split(";") if self.field_type == "checkbox" else [value]
        for part in parts:
            # A leading ";" appends to the chosen options, so that the first part is empty.
            if part and part not in allowed:
                labels = ", ".join(
                    f"label: {option['label']}\nvalue: {option['value']}\n"
                    for option in self.options
                )
                raise InvalidValue(
                    "INVALID_OPTION", f"{part} was not one of the allowed options: [{labels}]"
                )
        return value

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "updatedAt": iso_instant(self.updated_ms),
            "createdAt": iso_instant(self.created_ms),
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": self.display_order,
            "calculated": False,
            "externalOptions": False,
            "archived": self.is_archived,
            "hasUniqueValue": self.is_unique,
            "hidden": self.hidden,
            "hubspotDefined": self.is_hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.is_hubspot_defined,
                "readOnlyDefinition": self.is_hubspot_defined,
                "readOnlyValue": self.is_read_only,
            },
            "formField": self.form_field,
            "dataSensitivity": self.sensitivity,
        }
        if self.sensitivity != "non_sensitive":
            body["sensitiveDataCategories"] = ["HIPAA"]
        return body


def _text(name: str, label: str, kind: str = "string", widget: str = "text") -> Property:
    return Property(name, label, kind, widget, "contactinformation", is_hubspot_defined=True)


def _system(name: str, label: str, kind: str, widget: str, *, unique: bool = False) -> Property:
    return Property(
        name,
        label,
        kind,
        widget,
        "contactinformation",
        is_unique=unique,
        is_read_only=True,
        is_hubspot_defined=True,
    )


def _choice(name: str, label: str, values: list[str]) -> Property:
    found = _text(name, label, "enumeration", "radio")
    found.options = [
        {
            "label": value.title(),
            "value": value,
            "description": "",
            "displayOrder": order,
            "hidden": False,
        }
        for order, value in enumerate(values)
    ]
    return found


LIFECYCLE = [
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
]


def contact_defaults() -> list[Property]:
    """The contact properties that every portal has (those that matter here)."""
    return [
        _text("email", "Email"),
        _text("firstname", "First Name"),
        _text("lastname", "Last Name"),
        _text("salutation", "Salutation"),
        _text("phone", "Phone Number", widget="phonenumber"),
        _text("mobilephone", "Mobile Phone Number", widget="phonenumber"),
        _text("fax", "Fax Number"),
        _text("address", "Street Address"),
        _text("city", "City"),
        _text("state", "State/Region"),
        _text("zip", "Postal Code"),
        _text("country", "Country/Region"),
        _text("gender", "Gender"),
        _text("date_of_birth", "Date of birth"),
        _text("company", "Company Name"),
        _text("jobtitle", "Job Title"),
        _text("website", "Website URL"),
        _text("message", "Message", widget="textarea"),
        _text("hubspot_owner_id", "Contact owner"),
        _choice("lifecyclestage", "Lifecycle Stage", LIFECYCLE),
        _choice("hs_lead_status", "Lead Status", ["NEW", "OPEN", "IN_PROGRESS", "CONNECTED"]),
        _system("hs_object_id", "Record ID", "number", "number", unique=True),
        _system("createdate", "Create Date", "datetime", "date"),
        _system("lastmodifieddate", "Last Modified Date", "datetime", "date"),
        _system("hs_additional_emails", "Additional email addresses", "enumeration", "checkbox"),
        _system("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox"),
    ]


def custom_defaults() -> list[Property]:
    """The properties that every custom object has."""
    found = [
        _system("hs_object_id", "Record ID", "number", "number", unique=True),
        _system("hs_createdate", "Object create date/time", "datetime", "date"),
        _system("hs_lastmodifieddate", "Object last modified date/time", "datetime", "date"),
        _system("hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox"),
        _text("hubspot_owner_id", "Owner"),
    ]
    return found


def parse_definition(
    body: Any, *, now_ms: int, default_group: str | None = None, needs_order: bool = False
) -> Property:
    """A property from a create request, or the 400 that HubSpot answers."""
    if not isinstance(body, dict):
        raise errors.invalid_json()
    group = body.get("groupName", default_group)
    missing = [key for key in ("name", "label", "type", "fieldType") if not body.get(key)]
    if not group:
        missing.append("groupName")
    if missing:
        raise errors.error(
            400, f"Invalid input JSON: Some required fields were not set: [{', '.join(missing)}]"
        )
    name, kind, widget = str(body["name"]), str(body["type"]), str(body["fieldType"])
    if not _NAME.fullmatch(name):
        raise _invalid_definition(
            name, "INVALID_NAME", f"Property name {name} may hold lower-case letters, digits and _"
        )
    if kind not in FIELD_TYPES:
        raise _invalid_definition(name, "INVALID_TYPE", f"Invalid property type: {kind}")
    if widget not in FIELD_TYPES[kind]:
        raise _invalid_definition(
            name, "INVALID_FIELD_TYPE", f"Invalid field type {widget} for property type {kind}"
        )
    sensitivity = body.get("dataSensitivity", "non_sensitive")
    if sensitivity not in SENSITIVITIES:
        raise errors.error(400, f"Invalid dataSensitivity: {sensitivity}")
    options = parse_options(body.get("options") or [], needs_order=needs_order)
    values = {option["value"] for option in options}
    if kind == "bool" and (values != {"true", "false"} or len(options) != 2):
        raise _invalid_definition(
            name, "INVALID_BOOLEAN_OPTION", "Boolean properties need the options true and false"
        )
    if kind == "enumeration" and widget != "calculation_equation" and not options:
        raise _invalid_definition(
            name, "OPTIONS_REQUIRED", f"Property {name} of type enumeration needs options"
        )
    return Property(
        name,
        str(body["label"]),
        kind,
        widget,
        str(group),
        description=str(body.get("description") or ""),
        options=options,
        is_unique=bool(body.get("hasUniqueValue", False)),
        sensitivity=sensitivity,
        hidden=bool(body.get("hidden", False)),
        form_field=bool(body.get("formField", False)),
        display_order=int(body.get("displayOrder", -1)),
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def parse_options(options: Any, *, needs_order: bool = False) -> list[dict[str, Any]]:
    needed = {"label", "value", "displayOrder"} if needs_order else {"label", "value"}
    if not isinstance(options, list) or any(
        not isinstance(item, dict) or needed - set(item) for item in options
    ):
        raise errors.error(400, f"Invalid input JSON: options need {', '.join(sorted(needed))}")
    parsed = [
        {
            "label": str(item["label"]),
            "value": str(item["value"]),
            "description": str(item.get("description") or ""),
            "displayOrder": int(item.get("displayOrder", order)),
            "hidden": bool(item.get("hidden", False)),
        }
        for order, item in enumerate(options)
    ]
    if len({item["value"] for item in parsed}) != len(parsed):
        raise errors.error(400, "Property option values must be unique")
    return parsed


def _invalid_definition(name: str, code: str, message: str) -> errors.ApiError:
    return errors.error(
        400,
        message,
        errors=[{"message": message, "code": code, "context": {"propertyName": [name]}}],
    )
