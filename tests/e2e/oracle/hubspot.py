"""HubSpot's side: live records, where a merged one leads, and what the id map knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from tests.e2e.oracle.values import read_key
from tests.e2e.oracle.world import MapRow, Record


class Mirror:
    """Live records, and where a merged-away id leads."""

    def __init__(self, records: Iterable[Record]) -> None:
        records = list(records)
        self.live = {record.id: record for record in records if record.is_live}
        self._survivors = {
            merged_id: record.id for record in records for merged_id in record.merged_ids
        }

    def resolve(self, hubspot_id: str) -> Record | None:
        """The live record that this id stands for now; None where it was deleted."""
        seen = set()
        while hubspot_id not in self.live:
            if hubspot_id in seen or hubspot_id not in self._survivors:
                return None
            seen.add(hubspot_id)
            hubspot_id = self._survivors[hubspot_id]
        return self.live[hubspot_id]


class IdMap:
    """The id map through merges: who is led where, and whose a live record is by it."""

    def __init__(self, rows: Iterable[MapRow], mirror: Mirror) -> None:
        self.rows: dict[str, MapRow] = {}
        for row in rows:
            key = read_key(row.natural_key)
            if key is None:
                continue
            known = self.rows.get(key)
            if known is None or _stamp(row) >= _stamp(known):
                self.rows[key] = row
        self._targets = {key: mirror.resolve(row.hubspot_id) for key, row in self.rows.items()}
        self.owners: dict[str, set[str]] = defaultdict(set)
        for key, record in self._targets.items():
            if record is not None:
                self.owners[record.id].add(key)

    def target(self, key: str) -> Record | None:
        return self._targets.get(key)


def _stamp(row: MapRow) -> datetime:
    return row.updated_at or datetime.min.replace(tzinfo=UTC)
