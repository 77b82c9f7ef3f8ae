"""What an endpoint gets to work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .http import Request
from .objects import ObjectType
from .portal import Portal

Answer = tuple[int, Any]


@dataclass(slots=True)
class Call:
    """A routed request of an authenticated caller."""

    portal: Portal
    request: Request
    version: str
    scopes: frozenset[str]
    params: dict[str, str] = field(default_factory=dict)
    found_item: ObjectType | None = None

    @property
    def item(self) -> ObjectType:
        """The object type of the path; a 400 where there is none of that name."""
        if self.found_item is None:
            self.found_item = self.portal.types.addressed(
                self.params["type"], by_base_name=self.portal.settings.base_names == "accept"
            )
        return self.found_item
