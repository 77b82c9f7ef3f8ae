"""The properties, groups, schemas and account endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from . import errors
from .call import Answer, Call
from .errors import ApiError
from .objects import ObjectType
from .properties import (
    FIELD_TYPES,
    MAX_PROPERTIES,
    SENSITIVITIES,
    Property,
    parse_definition,
    parse_options,
)
from .records import batch_body, scope_names

# Properties ---------------------------------------------------------------------------------------


def list_properties(call: Call) -> Answer:
    """Only one sensitivity at a time; by default the non-sensitive ones."""
    sensitivity = call.request.argument("dataSensitivity", "non_sensitive")
    if sensitivity not in SENSITIVITIES:
        raise errors.error(400, f"Invalid dataSensitivity: {sensitivity}")
    if sensitivity != "non_sensitive":
        wanted = scope_names(call.item, sensitivity, "read")
        if not call.scopes.intersection(wanted):
            raise errors.missing_scopes(wanted)
    archived = call.request.flag("archived")
    return 200, {
        "results": [
            prop.as_json()
            for prop in call.item.properties.values()
            if prop.sensitivity == sensitivity and prop.is_archived is archived
        ]
    }


def get_property(call: Call) -> Answer:
    return 200, _property(call).as_json()


def create_property(call: Call) -> Answer:
    return 201, _create(call, call.request.json).as_json()


def create_properties(call: Call) -> Answer:
    """Good definitions are created; the bad ones make it a 207."""
    body = call.request.json
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise errors.invalid_json()
    if len(body["inputs"]) > 100:
        raise errors.error(400, "The number of inputs is over the maximum of 100")
    now = call.portal.now_ms()
    results: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for order in body["inputs"]:
        try:
            results.append(_create(call, order).as_json())
        except ApiError as problem:
            if problem.status == 403 or isinstance(problem.body, str):
                raise
            name = order.get("name") if isinstance(order, dict) else None
            rows.append(
                {
                    "status": "error",
                    "category": problem.body.get("category"),
                    "message": problem.body["message"],
                    "context": {"name": [str(name)]},
                    **{
                        key: problem.body[key]
                        for key in ("subCategory", "errors")
                        if key in problem.body
                    },
                }
            )
    return (207 if rows else 201), batch_body(now, call.portal.now_ms(), results, rows)


def update_property(call: Call) -> Answer:
    """What cannot change (uniqueness, sensitivity) is ignored with a 200, as HubSpot does."""
    prop, body = _property(call), call.request.json
    if not isinstance(body, dict):
        raise errors.invalid_json()
    if prop.is_hubspot_defined and set(body) - {"label", "description", "options", "groupName"}:
        raise errors.error(400, f"Property {prop.name} is read only")
    kind, widget = body.get("type", prop.type), body.get("fieldType", prop.field_type)
    if kind not in FIELD_TYPES or widget not in FIELD_TYPES[kind]:
        raise errors.error(400, f"Invalid field type {widget} for property type {kind}")
    if body.get("groupName") and body["groupName"] not in call.item.groups:
        raise errors.error(400, f"Property group {body['groupName']} does not exist")
    prop.type, prop.field_type = kind, widget
    if "options" in body:
        prop.options = parse_options(body["options"])
    prop.label = str(body.get("label", prop.label))
    prop.description = str(body.get("description", prop.description))
    prop.group = str(body.get("groupName", prop.group))
    prop.hidden = bool(body.get("hidden", prop.hidden))
    prop.form_field = bool(body.get("formField", prop.form_field))
    prop.updated_ms = call.portal.now_ms()
    return 200, prop.as_json()


def delete_property(call: Call) -> Answer:
    prop = call.item.live_property(call.params["name"])
    if prop is not None and prop.is_hubspot_defined:
        raise errors.error(400, f"Property {prop.name} is read only")
    call.item.delete_property(call.params["name"])
    return 204, None


def list_groups(call: Call) -> Answer:
    return 200, {"results": list(call.item.groups.values())}


def get_group(call: Call) -> Answer:
    group = call.item.groups.get(call.params["name"])
    if group is None:
        raise errors.error(404, "Property group does not exist", "OBJECT_NOT_FOUND")
    return 200, group


def create_group(call: Call) -> Answer:
    body = call.request.json
    if not isinstance(body, dict) or not body.get("name") or not body.get("label"):
        raise errors.error(
            400, "Invalid input JSON: Some required fields were not set: [name, label]"
        )
    if body["name"] in call.item.groups:
        raise errors.error(
            409,
            f"A property group named '{body['name']}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.GROUP_WITH_NAME_EXISTS",
        )
    order = int(body.get("displayOrder", -1))
    return 201, call.item.add_group(str(body["name"]), str(body["label"]), order)


def _property(call: Call) -> Property:
    prop = call.item.live_property(call.params["name"])
    if prop is None:
        raise errors.error(
            404,
            f"Property {call.params['name']} does not exist",
            "OBJECT_NOT_FOUND",
            subCategory="Properties.PROPERTY_NOT_FOUND",
        )
    return prop


def _create(call: Call, body: Any) -> Property:
    prop = parse_definition(body, now_ms=call.portal.now_ms())
    item = call.item
    if prop.sensitivity != "non_sensitive":
        wanted = scope_names(item, prop.sensitivity, "write")
        if not call.scopes.intersection(wanted):
            raise errors.missing_scopes(
                wanted, "Missing required scope for: sensitive-data-property-create"
            )
        if not item.allows_sensitive:
            raise errors.error(
                400, f"Object type {item.fully_qualified_name} does not allow sensitive properties"
            )
    return item.add_property(prop)


# Schemas ------------------------------------------------------------------------------------------


def list_schemas(call: Call) -> Answer:
    return 200, {
        "results": [
            item.schema_json() for item in call.portal.types.by_id.values() if item.is_custom
        ]
    }


def get_schema(call: Call) -> Answer:
    return 200, call.item.schema_json()


def create_schema(call: Call) -> Answer:
    body = call.request.json
    if not isinstance(body, dict):
        raise errors.invalid_json()
    required = ("name", "labels", "properties", "requiredProperties", "associatedObjects")
    missing = [key for key in required if key not in body]
    if missing:
        raise errors.error(
            400, f"Invalid input JSON: Some required fields were not set: [{', '.join(missing)}]"
        )
    types, now = call.portal.types, call.portal.now_ms()
    definitions = [
        parse_definition(order, now_ms=now, default_group=f"{body['name']}_information")
        for order in body["properties"]
    ]
    if any(prop.sensitivity != "non_sensitive" for prop in definitions):
        raise errors.error(400, "Invalid input JSON: unknown field dataSensitivity")
    names = {prop.name for prop in definitions}
    named = [
        *body["requiredProperties"],
        *body.get("searchableProperties", []),
        *body.get("secondaryDisplayProperties", []),
    ]
    if body.get("primaryDisplayProperty"):
        named.append(body["primaryDisplayProperty"])
    unknown = [name for name in named if name not in names]
    if unknown:
        raise errors.error(400, f"Properties {', '.join(unknown)} are not part of the schema")
    labels = {key: str(body["labels"].get(key) or body["name"]) for key in ("singular", "plural")}
    item = types.create(str(body["name"]), labels, now)
    for prop in definitions:
        item.put_property(prop)
    item.associated = [str(other) for other in body["associatedObjects"]]
    item.allows_sensitive = bool(
        body.get("allowsSensitiveProperties", body.get("allowSensitiveProperties", False))
    )
    _describe(item, body)
    call.portal.apply_case_rule()
    return 201, item.schema_json()


def update_schema(call: Call) -> Answer:
    item, body = call.item, call.request.json
    if not isinstance(body, dict) or not item.is_custom:
        raise errors.invalid_json()
    for key, value in (body.get("labels") or {}).items():
        item.labels[key] = str(value)
    _describe(item, body)
    item.updated_ms = call.portal.now_ms()
    return 200, item.schema_json()


def delete_schema(call: Call) -> Answer:
    item = call.item
    if not item.is_custom or item.store.live:
        raise errors.error(400, f"Object type {item.name} cannot be deleted while it has records")
    call.portal.types.remove(item)
    return 204, None


def _describe(item: ObjectType, body: dict[str, Any]) -> None:
    item.required = [str(name) for name in body.get("requiredProperties", item.required)]
    item.searchable = [str(name) for name in body.get("searchableProperties", item.searchable)]
    item.primary_display = body.get("primaryDisplayProperty", item.primary_display)
    item.secondary_display = [
        str(name) for name in body.get("secondaryDisplayProperties", item.secondary_display)
    ]


# Account ------------------------------------------------------------------------------------------


def account_details(call: Call) -> Answer:
    settings = call.portal.settings
    zone = ZoneInfo(settings.time_zone)
    offset = datetime.fromtimestamp(call.portal.now_ms() / 1000, zone).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    sign = "-" if minutes < 0 else "+"
    return 200, {
        "portalId": settings.portal_id,
        "accountType": settings.account_type,
        "timeZone": settings.time_zone,
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
        "utcOffsetMilliseconds": minutes * 60_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def property_usage(call: Call) -> Answer:
    by_type = [
        {
            "objectTypeId": item.type_id,
            "limit": MAX_PROPERTIES,
            "usage": sum(not prop.is_hubspot_defined for prop in item.properties.values()),
            "percentage": round(len(item.properties) / MAX_PROPERTIES, 4),
        }
        for item in call.portal.types.by_id.values()
    ]
    return 200, {"byObjectType": by_type}
