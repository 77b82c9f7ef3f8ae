"""The records of one object type: values, unique indexes, merges, archive and the search view.

A record is a list of values by column, not a dict, so that a million contacts fit in memory.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .values import iso_instant

# Repeated values (states, cities, flags) share one string, up to this many distinct ones.
POOL_LIMIT = 200_000


class Record:
    """One record; `values` is aligned with its store's columns and may be shorter."""

    __slots__ = (
        "archived_ms",
        "created_ms",
        "extra_emails",
        "id",
        "merged_ids",
        "modified_ms",
        "values",
    )

    def __init__(self, record_id: int, created_ms: int) -> None:
        self.id = record_id
        self.values: list[str | None] = []
        self.created_ms = created_ms
        self.modified_ms = created_ms
        self.archived_ms: int | None = None
        self.merged_ids: tuple[int, ...] = ()
        self.extra_emails: tuple[str, ...] = ()

    def copy(self) -> Record:
        twin = Record(self.id, self.created_ms)
        twin.values = list(self.values)
        twin.modified_ms = self.modified_ms
        twin.archived_ms = self.archived_ms
        twin.merged_ids = self.merged_ids
        twin.extra_emails = self.extra_emails
        return twin


SYSTEM_GETTERS: dict[str, Callable[[Record], str | None]] = {
    "hs_object_id": lambda record: str(record.id),
    "createdate": lambda record: iso_instant(record.created_ms),
    "hs_createdate": lambda record: iso_instant(record.created_ms),
    "lastmodifieddate": lambda record: iso_instant(record.modified_ms),
    "hs_lastmodifieddate": lambda record: iso_instant(record.modified_ms),
    "hs_merged_object_ids": lambda record: ";".join(map(str, record.merged_ids)) or None,
    "hs_additional_emails": lambda record: ";".join(record.extra_emails) or None,
}


class RecordStore:
    """All records of one object type. Callers hold the portal's lock."""

    def __init__(self, first_id: int) -> None:
        self.columns: dict[str, int] = {}
        self.live: dict[int, Record] = {}
        self.archived: dict[int, Record] = {}
        self.forwards: dict[int, int] = {}
        self.unique: dict[str, dict[str, int]] = {}
        self.version = 0
        self.next_id = first_id
        self.fold_key: Callable[[str], str] = lambda value: value
        self.shows_empty = True
        self.gdpr_emails: set[str] = set()
        self._ids: list[int] = []
        self._pool: dict[str, str] = {}
        self._lagging: dict[int, list[tuple[int, Record | None]]] = {}
        self.search_cache: dict[str, Any] = {"found": {}}

    # Values ------------------------------------------------------------------------------------

    def getter(self, name: str) -> Callable[[Record], str | None]:
        """A fast reader of one property."""
        system = SYSTEM_GETTERS.get(name)
        if system is not None:
            return system
        if name not in self.columns:
            return lambda record: None
        column = self.columns[name]

        def read(record: Record) -> str | None:
            values = record.values
            return values[column] if column < len(values) else None

        return read

    def get(self, record: Record, name: str) -> str | None:
        return self.getter(name)(record)

    def properties(self, record: Record) -> dict[str, str]:
        """Everything that is set, system values included."""
        found = {
            name: value
            for name, value in zip(self.columns, record.values, strict=False)
            if value is not None
        }
        for name in ("hs_merged_object_ids", "hs_additional_emails"):
            value = SYSTEM_GETTERS[name](record)
            if value is not None:
                found[name] = value
        return found

    # Unique values -----------------------------------------------------------------------------

    def set_unique(self, names: Iterable[str]) -> None:
        """Index these properties; of two records with one value the first keeps the entry."""
        for name in set(self.unique) - set(names):
            del self.unique[name]
        for name in names:
            if name not in self.unique:
                self.unique[name] = {}
                self._index_all(name)

    def rebuild_unique(self) -> None:
        for name in self.unique:
            self.unique[name] = {}
            self._index_all(name)

    def reindex_emails(self) -> None:
        if "email" in self.unique:
            self.unique["email"] = {}
            self._index_all("email")

    def holder(self, name: str, value: str) -> Record | None:
        """The live record that holds a unique value (an email also as an additional one)."""
        index = self.unique.get(name)
        if index is None:
            return None
        record_id = index.get(self.key(name, value))
        return None if record_id is None else self.live.get(record_id)

    def key(self, name: str, value: str) -> str:
        return value.lower() if name == "email" else self.fold_key(value)

    def _index_all(self, name: str) -> None:
        index, read = self.unique[name], self.getter(name)
        for record in self.live.values():
            value = read(record)
            if value is not None:
                index.setdefault(self.key(name, value), record.id)
            if name == "email":
                for email in record.extra_emails:
                    index.setdefault(email, record.id)

    def _index(self, record: Record) -> None:
        for name, index in self.unique.items():
            value = self.get(record, name)
            if value is not None:
                index.setdefault(self.key(name, value), record.id)
            if name == "email":
                for email in record.extra_emails:
                    index.setdefault(email, record.id)

    def _unindex(self, record: Record) -> None:
        for name, index in self.unique.items():
            values = [self.get(record, name)]
            if name == "email":
                values.extend(record.extra_emails)
            for value in values:
                if value is not None and index.get(self.key(name, value)) == record.id:
                    del index[self.key(name, value)]

    # Writes ------------------------------------------------------------------------------------

    def new_id(self) -> int:
        record_id = self.next_id
        self.next_id += 1
        return record_id

    def create(
        self, values: dict[str, str | None], now_ms: int, lag_ms: float, record_id: int
    ) -> Record:
        record = Record(record_id, now_ms)
        self._remember(record.id, None, now_ms, lag_ms)
        self._assign(record, values)
        self._insert(record)
        return record

    def update(
        self, record: Record, values: dict[str, str | None], now_ms: int, lag_ms: float
    ) -> None:
        self._remember(record.id, record, now_ms, lag_ms)
        self._unindex_names(record, values)
        email = values.get("email")
        if email in record.extra_emails:
            # An additional email that becomes the primary one changes places with it.
            older = self.get(record, "email")
            others = [extra for extra in record.extra_emails if extra != email]
            record.extra_emails = (*others, older) if older is not None else tuple(others)
            if older is not None:
                self.unique["email"][older] = record.id
        self._assign(record, values)
        self._reindex_names(record, values)
        record.modified_ms = now_ms
        self.version += 1

    def load(self, record: Record, values: dict[str, str | None]) -> None:
        """Put a prepared record in place (bulk load); an older one with its id is replaced."""
        older = self.live.get(record.id)
        if older is not None:
            self._unindex(older)
        self._assign(record, values)
        self._insert(record)
        self.next_id = max(self.next_id, record.id + 1)

    def archive(self, record: Record, now_ms: int) -> None:
        self._unindex(record)
        del self.live[record.id]
        record.archived_ms = record.modified_ms = now_ms
        self.archived[record.id] = record
        self._lagging.pop(record.id, None)
        self.version += 1

    def restore(self, record: Record, now_ms: int) -> None:
        del self.archived[record.id]
        record.archived_ms = None
        record.modified_ms = now_ms
        self._insert(record)

    def merge(
        self, primary: Record, secondary: Record, now_ms: int, lag_ms: float, *, keep_id: bool
    ) -> Record:
        """One record for two: the primary's values win, its blanks are filled by the other's."""
        values = self.properties(secondary) | self.properties(primary)
        values = {name: value for name, value in values.items() if name in self.columns}
        emails = [*primary.extra_emails, *secondary.extra_emails]
        for source in (primary, secondary):
            email = self.get(source, "email")
            if email is not None and email != values.get("email"):
                emails.append(email)
        gone = (secondary,) if keep_id else (primary, secondary)
        merged_ids = dict.fromkeys(
            (*primary.merged_ids, *secondary.merged_ids, *(record.id for record in gone))
        )
        for record in (primary, secondary):
            self._unindex(record)
            del self.live[record.id]
            self._lagging.pop(record.id, None)
        survivor = (
            primary
            if keep_id
            else Record(self.new_id(), min(primary.created_ms, secondary.created_ms))
        )
        if not keep_id:
            self._remember(survivor.id, None, now_ms, lag_ms)
        survivor.modified_ms = now_ms
        survivor.merged_ids = tuple(merged_ids)
        survivor.extra_emails = tuple(dict.fromkeys(emails))
        self._assign(survivor, dict(values))
        self._insert(survivor)
        for old_id in merged_ids:
            self.forwards[old_id] = survivor.id
        return survivor

    def drop_column(self, name: str) -> dict[int, str]:
        """A deleted property takes its values along: those that were there, by record."""
        column, lost = self.columns.get(name), {}
        if column is not None:
            for record in (*self.live.values(), *self.archived.values()):
                value = record.values[column] if column < len(record.values) else None
                if value is not None:
                    lost[record.id] = value
                    record.values[column] = None
            self.version += 1
        return lost

    def fill_column(self, name: str, values: dict[int, str]) -> None:
        """Give a property its values back, on the records that are still there."""
        for record_id, value in values.items():
            record = self.live.get(record_id) or self.archived.get(record_id)
            if record is not None:
                self._assign(record, {name: value})
        self.version += 1

    def forget(self, record: Record) -> None:
        """Delete a record for good; its addresses are remembered."""
        emails = [self.get(record, "email"), *record.extra_emails]
        self.gdpr_emails.update(email for email in emails if email is not None)
        if record.id in self.live:
            self._unindex(record)
            del self.live[record.id]
        self.archived.pop(record.id, None)
        self._lagging.pop(record.id, None)
        self.version += 1

    def clear(self) -> None:
        for mapping in (self.live, self.archived, self.forwards, self._lagging, self._pool):
            mapping.clear()
        self.gdpr_emails.clear()
        self._ids.clear()
        for index in self.unique.values():
            index.clear()
        self.version += 1

    def _assign(self, record: Record, values: dict[str, str | None]) -> None:
        columns, row, pool = self.columns, record.values, self._pool
        for name in values:
            if name not in columns:
                columns[name] = len(columns)
        if len(row) < len(columns):
            row.extend([None] * (len(columns) - len(row)))
        for name, value in values.items():
            column = columns[name]
            if value is not None and len(value) <= 24:
                known = pool.get(value)
                if known is not None:
                    value = known
                elif len(pool) < POOL_LIMIT:
                    pool[value] = value
            row[column] = value

    def _unindex_names(self, record: Record, names: Iterable[str]) -> None:
        for name in names:
            index = self.unique.get(name)
            if index is not None:
                value = self.get(record, name)
                if value is not None and index.get(self.key(name, value)) == record.id:
                    del index[self.key(name, value)]

    def _reindex_names(self, record: Record, names: Iterable[str]) -> None:
        for name in names:
            index = self.unique.get(name)
            if index is not None:
                value = self.get(record, name)
                if value is not None:
                    index.setdefault(self.key(name, value), record.id)

    def _insert(self, record: Record) -> None:
        if record.id not in self.live:
            if not self._ids or record.id > self._ids[-1]:
                self._ids.append(record.id)
            else:
                place = bisect_left(self._ids, record.id)
                if place == len(self._ids) or self._ids[place] != record.id:
                    insort(self._ids, record.id)
        self.live[record.id] = record
        self._index(record)
        self.version += 1

    # Reads -------------------------------------------------------------------------------------

    def resolve(self, record_id: int) -> Record | None:
        """A live record by its id or by an id that was merged into it."""
        record = self.live.get(record_id)
        if record is None:
            while record is None and record_id in self.forwards:
                record_id = self.forwards[record_id]
                record = self.live.get(record_id)
        return record

    def page(self, after: int, limit: int, *, archived: bool) -> tuple[list[Record], int | None]:
        """Records with ids from `after` on, and the id that the next page starts at."""
        ids = sorted(self.archived) if archived else self._ids
        records = self.archived if archived else self.live
        found: list[Record] = []
        for place in range(bisect_left(ids, after), len(ids)):
            record = records.get(ids[place])
            if record is None:
                continue
            if len(found) == limit:
                return found, record.id
            found.append(record)
        return found, None

    # What the search index shows ---------------------------------------------------------------

    def _remember(self, record_id: int, record: Record | None, now_ms: int, lag_ms: float) -> None:
        if lag_ms > 0:
            seen = record.copy() if record is not None else None
            self._lagging.setdefault(record_id, []).append((int(now_ms + lag_ms), seen))

    def is_search_current(self, now_ms: int) -> bool:
        """True when the index has caught up with every write."""
        for record_id, entries in list(self._lagging.items()):
            waiting = [entry for entry in entries if entry[0] > now_ms]
            if waiting:
                self._lagging[record_id] = waiting
            else:
                del self._lagging[record_id]
        return not self._lagging

    def search_view(self) -> Iterator[Record]:
        """The records as the index shows them: some not yet, some as they were."""
        if not self._lagging:
            yield from self.live.values()
            return
        for record in self.live.values():
            entries = self._lagging.get(record.id)
            if entries is None:
                yield record
            elif entries[0][1] is not None:
                yield entries[0][1]


def record_json(
    store: RecordStore, record: Record, names: Iterable[str], **more: Any
) -> dict[str, Any]:
    """A record as the API shows it, with the named properties (null where empty, or absent)."""
    properties = {name: store.get(record, name) for name in names}
    if not store.shows_empty:
        properties = {name: value for name, value in properties.items() if value is not None}
    body: dict[str, Any] = {
        "id": str(record.id),
        "properties": properties,
        "createdAt": iso_instant(record.created_ms),
        "updatedAt": iso_instant(record.modified_ms),
        "archived": record.archived_ms is not None,
    }
    if record.archived_ms is not None:
        body["archivedAt"] = iso_instant(record.archived_ms)
    body.update(more)
    return body
