"""Object types: contacts, and the custom objects that the schemas API creates."""

from __future__ import annotations

import re
from typing import Any

from . import errors
from .properties import MAX_PROPERTIES, MAX_UNIQUE, Property, contact_defaults, custom_defaults
from .store import RecordStore
from .values import iso_instant

FIRST_CONTACT_ID = 30_100_000_001
FIRST_CUSTOM_RECORD_ID = 20_500_000_001
FIRST_CUSTOM_TYPE = 51_944_773


class ObjectType:
    """One kind of record: its names, its properties and its records."""

    def __init__(
        self,
        type_id: str,
        name: str,
        labels: dict[str, str],
        properties: list[Property],
        now_ms: int,
        *,
        is_custom: bool,
        portal_id: int,
    ) -> None:
        self.type_id = type_id
        self.name = name
        self.labels = labels
        self.is_custom = is_custom
        self.portal_id = portal_id
        self.created_ms = self.updated_ms = now_ms
        self.properties: dict[str, Property] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.required: list[str] = []
        self.searchable: list[str] = []
        self.primary_display: str | None = None
        self.secondary_display: list[str] = []
        self.associated: list[str] = []
        self.allows_sensitive = not is_custom
        self.store = RecordStore(FIRST_CUSTOM_RECORD_ID if is_custom else FIRST_CONTACT_ID)
        group = f"{name}_information" if is_custom else "contactinformation"
        self.add_group(group, f"{labels['singular']} information")
        self.default_group = group
        for prop in properties:
            prop.created_ms = prop.updated_ms = now_ms
            if is_custom:
                prop.group = group
            self.properties[prop.name] = prop
        self.refresh_unique()

    @property
    def fully_qualified_name(self) -> str:
        return f"p{self.portal_id}_{self.name}" if self.is_custom else self.name.upper()

    @property
    def error_name(self) -> str:
        """How HubSpot's messages call a record of this type."""
        return self.fully_qualified_name if self.is_custom else "CONTACT"

    @property
    def scope_family(self) -> str:
        return "custom" if self.is_custom else "contacts"

    @property
    def modified_property(self) -> str:
        return "hs_lastmodifieddate" if self.is_custom else "lastmodifieddate"

    @property
    def default_names(self) -> tuple[str, ...]:
        if self.is_custom:
            return ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
        return ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname")

    @property
    def always_names(self) -> tuple[str, ...]:
        """Returned whatever a request asks for."""
        if self.is_custom:
            return ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
        return ("createdate", "hs_object_id", "lastmodifieddate")

    def live_property(self, name: str) -> Property | None:
        prop = self.properties.get(name)
        return None if prop is None or prop.is_archived else prop

    def add_group(self, name: str, label: str, order: int = -1) -> dict[str, Any]:
        self.groups[name] = {
            "name": name,
            "label": label,
            "displayOrder": order,
            "archived": False,
        }
        return self.groups[name]

    def add_property(self, prop: Property, recreated: str = "emptied") -> Property:
        """Create a property, or bring back an archived one of that name: as it was with its
        values (`restored`) or without (`emptied`), or as it is ordered now (`new`)."""
        existing = self.properties.get(prop.name)
        if existing is not None and not existing.is_archived:
            raise errors.error(
                409,
                f"A property named '{prop.name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
            )
        if existing is not None and recreated != "new":
            existing.is_archived = False
            existing.updated_ms = prop.updated_ms
            if recreated == "restored":
                self.store.fill_column(prop.name, existing.lost_values)
            existing.lost_values = {}
            self.refresh_unique()
            return existing
        if prop.group not in self.groups:
            raise errors.error(400, f"Property group {prop.group} does not exist")
        if prop.is_unique and sum(item.is_unique for item in self.properties.values()) > MAX_UNIQUE:
            raise errors.error(400, f"An object has at most {MAX_UNIQUE} unique properties")
        if len(self.properties) >= MAX_PROPERTIES:
            raise errors.error(400, "The limit of custom properties has been reached")
        self.properties[prop.name] = prop
        self.refresh_unique()
        return prop

    def put_property(self, prop: Property) -> None:
        """Set a definition as the control API says, whatever was there before."""
        if prop.group not in self.groups:
            self.add_group(prop.group, prop.group)
        self.properties[prop.name] = prop
        self.refresh_unique()

    def delete_property(self, name: str) -> bool:
        prop = self.live_property(name)
        if prop is None:
            return False
        prop.is_archived = True
        self.refresh_unique()
        prop.lost_values = self.store.drop_column(name)
        return True

    def refresh_unique(self) -> None:
        names = [
            name
            for name, prop in self.properties.items()
            if prop.is_unique and not prop.is_archived and name != "hs_object_id"
        ]
        if not self.is_custom:
            names.append("email")
        self.store.set_unique(names)

    def can_key(self, name: str) -> bool:
        """Whether records can be addressed by this property."""
        return name in self.store.unique

    def schema_json(self) -> dict[str, Any]:
        return {
            "id": self.type_id.removeprefix("2-"),
            "objectTypeId": self.type_id,
            "fullyQualifiedName": self.fully_qualified_name,
            "name": self.name,
            "labels": self.labels,
            "description": None,
            "archived": False,
            "createdAt": iso_instant(self.created_ms),
            "updatedAt": iso_instant(self.updated_ms),
            "requiredProperties": self.required,
            "searchableProperties": self.searchable,
            "primaryDisplayProperty": self.primary_display,
            "secondaryDisplayProperties": self.secondary_display,
            "allowsSensitiveProperties": self.allows_sensitive,
            "properties": [
                prop.as_json() for prop in self.properties.values() if not prop.is_archived
            ],
            "associations": [
                {
                    "id": str(100 + order),
                    "fromObjectTypeId": self.type_id,
                    "toObjectTypeId": other,
                    "name": f"{self.name}_to_{other}",
                }
                for order, other in enumerate(self.associated)
            ],
        }


class ObjectTypes:
    """The types of a portal, found by any of their names."""

    def __init__(self, portal_id: int, now_ms: int) -> None:
        self.portal_id = portal_id
        self._next_type = FIRST_CUSTOM_TYPE
        self.by_id: dict[str, ObjectType] = {}
        self.contacts = ObjectType(
            "0-1",
            "contacts",
            {"singular": "Contact", "plural": "Contacts"},
            contact_defaults(),
            now_ms,
            is_custom=False,
            portal_id=portal_id,
        )
        self.by_id["0-1"] = self.contacts

    def addressed(self, name: str, *, by_base_name: bool) -> ObjectType:
        """The type that an API path names; a custom object's bare name may not do."""
        found = self.get(name)
        if found.is_custom and name == found.name and not by_base_name:
            raise errors.unknown_type(name)
        return found

    def find(self, name: str) -> ObjectType | None:
        if name.lower() in ("contacts", "contact", "0-1"):
            return self.contacts
        found = self.by_id.get(name)
        if found is not None:
            return found
        match = re.fullmatch(r"p(\d*)_(.+)", name)
        if match and match.group(1) in ("", str(self.portal_id)):
            name = match.group(2)
        elif match:
            return None
        return next(
            (item for item in self.by_id.values() if item.is_custom and item.name == name), None
        )

    def get(self, name: str) -> ObjectType:
        found = self.find(name)
        if found is None:
            raise errors.unknown_type(name)
        return found

    def create(self, name: str, labels: dict[str, str], now_ms: int) -> ObjectType:
        if self.find(f"p_{name}") is not None:
            raise errors.error(
                409, f"An object schema named '{name}' already exists.", "OBJECT_ALREADY_EXISTS"
            )
        created = ObjectType(
            f"2-{self._next_type}",
            name,
            labels,
            custom_defaults(),
            now_ms,
            is_custom=True,
            portal_id=self.portal_id,
        )
        self._next_type += 1
        self.by_id[created.type_id] = created
        return created

    def remove(self, item: ObjectType) -> None:
        del self.by_id[item.type_id]
