"""Rows of the queue, and batches of rows that can go to HubSpot in one request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring_ascii as quoted  # of `dumps`, without its overhead
from typing import Any, NamedTuple

from pusher.errors import Refusal, Refused


class QueueRow(NamedTuple):
    """One row of `push_queue`; the field names are the columns."""

    entity: str
    object_type: str
    natural_key: str
    record_ref: str
    operation: str  # update | upsert
    hubspot_id: str | None
    id_property: str
    properties: str  # a JSON object
    payload_hash: str
    match_tier: str | None  # a number, as BigQuery spells it
    guard: str | None  # a JSON object


COLUMNS = ", ".join(QueueRow._fields)


@dataclass(frozen=True)
class Batch:
    """Rows of one object, one operation, all guarded or all not."""

    rows: list[QueueRow]

    @property
    def like(self) -> QueueRow:
        """A row that stands for what all have in common."""
        return self.rows[0]

    @property
    def is_upsert(self) -> bool:
        return self.like.operation == "upsert"

    @cached_property
    def by_key(self) -> dict[str, QueueRow]:
        """The rows by what HubSpot finds their records by: record id, or value of the key."""
        if self.is_upsert:
            return {_key_in_payload(row): row for row in self.rows}
        return {str(row.hubspot_id): row for row in self.rows}

    @cached_property
    def refs(self) -> frozenset[str]:
        return frozenset(row.record_ref for row in self.rows)

    @property
    def halves(self) -> tuple[Batch, Batch]:
        middle = len(self.rows) // 2
        return Batch(self.rows[:middle]), Batch(self.rows[middle:])

    def write_body(self) -> bytes:
        """The request to write them. `properties` is JSON already and goes in as it is."""
        by = f'"idProperty": {quoted(self.like.id_property)}, ' if self.is_upsert else ""
        inputs = [
            f'{{"id": {quoted(key)}, {by}"objectWriteTraceId": {quoted(row.record_ref)}, '
            f'"properties": {row.properties}}}'
            for key, row in self.by_key.items()
        ]
        return f'{{"inputs": [{", ".join(inputs)}]}}'.encode()

    def read_body(self, names: Iterable[str]) -> bytes:
        """The request to read these properties of their records."""
        body: dict[str, Any] = {"inputs": [{"id": key} for key in self.by_key]}
        if self.is_upsert:
            body["idProperty"] = self.like.id_property
            names = {*names, self.like.id_property}
        return json.dumps({**body, "properties": sorted(names)}).encode()


def without(row: QueueRow, names: Iterable[str]) -> QueueRow:
    """The row without some of its properties."""
    left = {name: value for name, value in read_object(row.properties).items() if name not in names}
    return row._replace(properties=json.dumps(left))


def _key_in_payload(row: QueueRow) -> str:
    """The value that the key property is sent with. SQL writes it first and spells it like the
    natural key, so that hardly a payload has to be parsed for it."""
    if row.properties.startswith(f'{{"{row.id_property}":{quoted(row.natural_key)},'):
        return row.natural_key
    return str(read_object(row.properties).get(row.id_property))


def read_object(text: str | None) -> dict[str, Any]:
    """A JSON object of the queue. One that is none is a refusal like HubSpot's own, so that the
    row comes to stand alone, and does not stop the others."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(Refusal(category="VALIDATION_ERROR", code="UNREADABLE_PAYLOAD"))
    return found


def batches(rows: Iterable[tuple[Any, ...]], size: int) -> Iterator[Batch]:
    """Group rows as they come. No two rows of a run touch one record, so order is free."""
    open_batches: dict[tuple[Any, ...], list[QueueRow]] = {}
    for values in rows:
        row = QueueRow(*values)
        kind = (row.entity, row.object_type, row.operation, row.id_property, row.guard is None)
        bucket = open_batches.setdefault(kind, [])
        bucket.append(row)
        if len(bucket) == size:
            del open_batches[kind]
            yield Batch(bucket)
    yield from map(Batch, open_batches.values())
