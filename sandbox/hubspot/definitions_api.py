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
from .records import batch_body, partial_status, scope_names
from .rules import RULE_TYPES, rules_json

# Properties ---------------------------------------------------------------------------------------


def list_properties(call: Call) -> Answer:
    """Only one sensitivity at a time; by default the non-sensitive ones."""
    sensitivity = call.request.argument("dataSensitivity", "non_sensitive")
    if sensitivity not in SENSITIVITIES:
        raise errors.error(400, f"Invalid dataSensitivity: {sensitivity}")
    shows_all = call.portal.settings.sensitive_definitions_without_scope == "show"
    if sensitivity != "non_sensitive" and not shows_all:
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
    status = partial_status(call.portal.settings, 201, rows)
    return status, batch_body(now, call.portal.now_ms(), results, rows)


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
        prop.options = parse_options(body["options"], needs_order=_needs_order(call))
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
    now = call.portal.now_ms()
    prop = parse_definition(body, now_ms=now, needs_order=_needs_order(call))
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
    return item.add_property(prop, call.portal.settings.recreated_property)


def _needs_order(call: Call) -> bool:
    return call.portal.settings.option_display_order == "required"


# Validation rules ---------------------------------------------------------------------------------


def list_rules(call: Call) -> Answer:
    """The properties that are under a rule."""
    return 200, {
        "results": [
            {"propertyName": prop.name, "propertyValidationRules": rules_json(prop.rules)}
            for prop in call.item.properties.values()
            if prop.rules and not prop.is_archived
        ]
    }


def get_rules(call: Call) -> Answer:
    return 200, {"results": rules_json(_property(call).rules)}


def put_rule(call: Call) -> Answer:
    """Set the rule of one type; the others stay."""
    body, rule = call.request.json, call.params["rule"]
    arguments = body.get("ruleArguments") if isinstance(body, dict) else None
    if rule not in RULE_TYPES or not isinstance(arguments, list):
        raise errors.error(400, f"Invalid validation rule {rule}")
    _property(call).rules[rule] = [str(one) for one in arguments]
    return 204, None


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
    missing = [key for key in _schema_keys(call) if key not in body]
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
    call.portal.apply_store_rules()
    return 201, item.schema_json()


def _schema_keys(call: Call) -> list[str]:
    """What the document of a version requires; its guide leaves the lists out."""
    keys = ["name", "labels", "properties", "requiredProperties", "associatedObjects"]
    if call.version != "v3" and call.portal.settings.schema_lists == "required":
        keys += ["allowsSensitiveProperties", "searchableProperties", "secondaryDisplayProperties"]
        if call.version == "2026-03":
            keys.append("shouldCreateSameObjectAssociation")
    return keys


def update_schema(call: Call) -> Answer:
    """The sensitive flag can be set, and never taken back."""
    item, body, lists = call.item, call.request.json, call.portal.settings.schema_lists
    if not isinstance(body, dict) or not item.is_custom:
        raise errors.invalid_json()
    if call.version != "v3" and lists == "required" and "clearDescription" not in body:
        raise errors.error(
            400, "Invalid input JSON: Some required fields were not set: [clearDescription]"
        )
    item.allows_sensitive = item.allows_sensitive or bool(body.get("allowsSensitiveProperties"))
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
