"""The portal: its settings, clock, object types, limits, faults and log, under one lock."""

from __future__ import annotations

import copy
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from .faults import Faults
from .limits import RateLimits
from .objects import ObjectTypes
from .request_log import RequestLog
from .settings import Settings


class Portal:
    """One HubSpot account in memory."""

    def __init__(
        self,
        settings: Settings,
        seed: int = 0,
        provision: Callable[[Portal], None] = lambda portal: None,
    ) -> None:
        self.lock = threading.RLock()
        self.settings = settings
        self.random = random.Random(seed)
        self.types = ObjectTypes(settings.portal_id, self.now_ms())
        self.limits = RateLimits(settings)
        self.log = RequestLog()
        self.faults = Faults()
        self._provision = provision
        self._snapshots: dict[str, ObjectTypes] = {}
        provision(self)
        self.apply_store_rules()

    def forget_definitions(self) -> None:
        """Back to the object types and properties that the portal started with."""
        self.types = ObjectTypes(self.settings.portal_id, self.now_ms())
        self._provision(self)
        self.apply_store_rules()

    def take_snapshot(self, name: str) -> None:
        """Remember all definitions and records under a name."""
        self._snapshots[name] = copy.deepcopy(self.types)

    def restore_snapshot(self, name: str) -> None:
        """Back to a snapshot, next record ids included; it can be restored again."""
        self.types = copy.deepcopy(self._snapshots[name])
        self.apply_store_rules()

    def now_ms(self) -> int:
        """HubSpot's clock."""
        if self.settings.clock_fixed_ms is not None:
            return self.settings.clock_fixed_ms
        return time.time_ns() // 1_000_000 + self.settings.clock_offset_ms

    def configure(self, changes: dict[str, Any]) -> None:
        self.settings.update(changes)
        if "unique_case_insensitive" in changes or "empty_properties" in changes:
            self.apply_store_rules()

    def apply_store_rules(self) -> None:
        """Hand the stores those settings that they act on."""
        for item in self.types.by_id.values():
            item.store.fold_key = (
                str.casefold if self.settings.unique_case_insensitive else (lambda value: value)
            )
            item.store.rebuild_unique()
            item.store.shows_empty = self.settings.empty_properties == "null"
