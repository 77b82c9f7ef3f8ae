"""What goes into the oracle, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.e2e.oracle.lists import Lists
from tests.e2e.oracle.values import clean

PATIENTS = "patients"
ROIS = "rois"

SourceRow = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """A HubSpot record. Merged-away and archived ones are dead."""

    id: str
    properties: Mapping[str, str | None]
    is_live: bool = True

    def value(self, name: str) -> str | None:
        return clean(self.properties.get(name))

    @property
    def merged_ids(self) -> list[str]:
        return split_list(self.properties.get("hs_merged_object_ids"))


def split_list(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split(";") if part.strip()]


@dataclass(frozen=True)
class Memory:
    """What HubSpot last confirmed of a record, by what it means, and whose values are staff's."""

    confirmed: Mapping[str, object] = field(default_factory=dict)
    kept_edits: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MapRow:
    """One row of the id map; rows of the older schema have neither payload hash nor memory."""

    natural_key: str
    hubspot_id: str
    payload_hash: str | None = None
    updated_at: datetime | None = None
    memory: Memory | None = None


@dataclass(frozen=True)
class Options:
    """The settings that change a decision."""

    shared_email_limit: int = 5
    recreate_deleted: bool = False
    create_without_email: bool = False
    match_address_without_birth_date: bool = False
    protected_properties: frozenset[str] = frozenset()
    updated_at: str = "updated_at"


@dataclass(frozen=True)
class World:
    """Both sides before a run. The column lists matter: an absent column is not a blank one."""

    patients: Sequence[SourceRow] = ()
    rois: Sequence[SourceRow] = ()
    patient_columns: Sequence[str] = ()
    roi_columns: Sequence[str] = ()
    contacts: Sequence[Record] = ()
    roi_records: Sequence[Record] = ()
    patient_map: Sequence[MapRow] = ()
    roi_map: Sequence[MapRow] = ()
    # Keys that an analyst's own rule leaves out.
    excluded_patients: frozenset[str] = frozenset()
    # Ages count to this day.
    today: date = date(2026, 11, 26)
    lists: Lists = field(default_factory=Lists)
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Decision:
    """What becomes of one natural key (or of one distinct row without a key)."""

    natural_key: str | None
    state: str
    reason: str | None = None
    tier: int | None = None
    hubspot_id: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    payload_hash: str | None = None
    # What is known of the record afterwards, and whether that is more than before.
    memory: Memory | None = None
    is_news: bool = False
    source_rows: int = 1
    email_withheld: bool = False


@dataclass(frozen=True)
class Decisions:
    patients: Mapping[str, Decision]
    rois: Mapping[str, Decision]
    patients_without_key: Sequence[Decision]
    rois_without_key: Sequence[Decision]

    def all(self, entity: str) -> list[Decision]:
        if entity == PATIENTS:
            return [*self.patients.values(), *self.patients_without_key]
        return [*self.rois.values(), *self.rois_without_key]

    @property
    def writes(self) -> int:
        return sum(
            decision.state in ("create", "update")
            for decision in [*self.all(PATIENTS), *self.all(ROIS)]
        )
