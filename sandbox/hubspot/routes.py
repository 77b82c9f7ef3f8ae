"""Paths to endpoints. Both families of paths, `/crm/v3/...` and date-based, share one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from . import definitions_api as definitions
from . import objects_api as objects
from .call import Answer, Call
from .objects import ObjectType

VERSIONS = ("v3", "2026-03", "2026-09")
_FAMILIES = [
    (
        re.compile(
            r"/crm/(?P<version>v3)/"
            r"(?P<family>objects|properties|property-validations|schemas|limits)(?P<rest>/.*)?$"
        ),
        None,
    ),
    (
        re.compile(
            r"/crm/(?P<family>objects|properties|property-validations|limits)/(?P<version>[^/]+)"
            r"(?P<rest>/.*)?$"
        ),
        None,
    ),
    (re.compile(r"/crm-object-schemas/(?P<version>[^/]+)/schemas(?P<rest>/.*)?$"), "schemas"),
    (re.compile(r"/account-info/(?P<version>[^/]+)(?P<rest>/details)$"), "account"),
]
_PREFIXES = {
    "objects": "/crm/objects/{version}",
    "properties": "/crm/properties/{version}",
    "property-validations": "/crm/property-validations/{version}",
    "limits": "/crm/limits/{version}",
    "schemas": "/crm-object-schemas/{version}/schemas",
    "account": "/account-info/{version}",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: `scope` is the kind of scope it needs, `verb` read or write."""

    method: str
    family: str
    pattern: re.Pattern[str]
    template: str
    endpoint: Callable[[Call], Answer]
    scope: str
    verb: str
    is_search: bool = False

    @property
    def is_record_write(self) -> bool:
        return self.family == "objects" and self.verb == "write"

    def scopes(self, item: ObjectType | None) -> list[str]:
        """Any one of these lets a caller in."""
        family = item.scope_family if item is not None else "custom"
        if self.scope == "none":
            return []
        found = [f"crm.{self.scope}.{family}.{self.verb}"]
        if self.scope == "schemas" and self.verb == "read":
            found.append(f"crm.objects.{family}.read")
        return found


@dataclass(frozen=True, slots=True)
class Match:
    """A route found for a path."""

    route: Route
    version: str
    params: dict[str, str]


def _route(
    method: str,
    family: str,
    path: str,
    endpoint: Callable[[Call], Answer],
    scope: str,
    verb: str,
    *,
    is_search: bool = False,
) -> Route:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"/?$")
    return Route(
        method, family, pattern, _PREFIXES[family] + path, endpoint, scope, verb, is_search
    )


ROUTES = [
    _route("POST", "objects", "/{type}/batch/read", objects.batch_read, "objects", "read"),
    _route("POST", "objects", "/{type}/batch/create", objects.batch_create, "objects", "write"),
    _route("POST", "objects", "/{type}/batch/update", objects.batch_update, "objects", "write"),
    _route("POST", "objects", "/{type}/batch/upsert", objects.batch_upsert, "objects", "write"),
    _route("POST", "objects", "/{type}/batch/archive", objects.batch_archive, "objects", "write"),
    _route(
        "POST",
        "objects",
        "/{type}/search",
        objects.search_records,
        "objects",
        "read",
        is_search=True,
    ),
    _route("POST", "objects", "/{type}/merge", objects.merge, "objects", "write"),
    _route("POST", "objects", "/{type}/gdpr-delete", objects.gdpr_delete, "objects", "write"),
    _route("GET", "objects", "/{type}", objects.list_page, "objects", "read"),
    _route("POST", "objects", "/{type}", objects.create, "objects", "write"),
    _route("GET", "objects", "/{type}/{record}", objects.get, "objects", "read"),
    _route("PATCH", "objects", "/{type}/{record}", objects.patch, "objects", "write"),
    _route("DELETE", "objects", "/{type}/{record}", objects.delete, "objects", "write"),
    _route("GET", "properties", "/{type}/groups", definitions.list_groups, "schemas", "read"),
    _route("POST", "properties", "/{type}/groups", definitions.create_group, "schemas", "write"),
    _route("GET", "properties", "/{type}/groups/{name}", definitions.get_group, "schemas", "read"),
    _route(
        "POST",
        "properties",
        "/{type}/batch/create",
        definitions.create_properties,
        "schemas",
        "write",
    ),
    _route("GET", "properties", "/{type}", definitions.list_properties, "schemas", "read"),
    _route("POST", "properties", "/{type}", definitions.create_property, "schemas", "write"),
    _route("GET", "properties", "/{type}/{name}", definitions.get_property, "schemas", "read"),
    _route(
        "PATCH", "properties", "/{type}/{name}", definitions.update_property, "schemas", "write"
    ),
    _route(
        "DELETE", "properties", "/{type}/{name}", definitions.delete_property, "schemas", "write"
    ),
    _route("GET", "property-validations", "/{type}", definitions.list_rules, "objects", "read"),
    _route(
        "GET", "property-validations", "/{type}/{name}", definitions.get_rules, "objects", "read"
    ),
    _route(
        "PUT",
        "property-validations",
        "/{type}/{name}/rule-type/{rule}",
        definitions.put_rule,
        "schemas",
        "write",
    ),
    _route("GET", "schemas", "", definitions.list_schemas, "schemas", "read"),
    _route("POST", "schemas", "", definitions.create_schema, "schemas", "write"),
    _route("GET", "schemas", "/{type}", definitions.get_schema, "schemas", "read"),
    _route("PATCH", "schemas", "/{type}", definitions.update_schema, "schemas", "write"),
    _route("DELETE", "schemas", "/{type}", definitions.delete_schema, "schemas", "write"),
    _route("GET", "account", "/details", definitions.account_details, "none", "read"),
    _route("GET", "limits", "/custom-properties", definitions.property_usage, "none", "read"),
]


def find(method: str, path: str, disabled_versions: list[str]) -> Match | None:
    """The endpoint of a path, or None where HubSpot shows its 404 page."""
    for pattern, fixed_family in _FAMILIES:
        located = pattern.match(path)
        if located is None:
            continue
        version = located["version"]
        if version not in VERSIONS or version in disabled_versions:
            continue
        family = fixed_family or located["family"]
        rest = located["rest"] or ""
        for route in ROUTES:
            if route.family == family and route.method == method:
                found = route.pattern.match(rest)
                if found is not None:
                    return Match(route, version, found.groupdict())
    return None
