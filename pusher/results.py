"""What HubSpot answered, record by record: never by position, never by the absence of an error."""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pusher.batches import Batch, QueueRow, read_object
from pusher.errors import Refusal, Refused
from pusher.hubspot import Document, entries, named, refusal_of
from pusher.warehouse import json_line

CREATED, UPDATED = "created", "updated"
REJECTED, CONFLICT, NOT_FOUND = "rejected", "conflict", "not_found"
LEFT_OUT, UNANSWERED, CHANGED = "left_out", "unanswered", "changed_in_hubspot"
CONFIRMED, FRUITLESS = (CREATED, UPDATED), (REJECTED, UNANSWERED)

OUTCOMES = {
    "VALIDATION_ERROR": REJECTED,
    "CONFLICT": CONFLICT,
    "OBJECT_ALREADY_EXISTS": CONFLICT,
    "OBJECT_NOT_FOUND": NOT_FOUND,
}
_NO_REFUSAL = Refusal()
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


class Result(NamedTuple):
    """What became of one row."""

    row: QueueRow
    outcome: str
    hubspot_id: str | None = None
    is_new: bool | None = None
    updated_at: str | None = None
    refusal: Refusal = _NO_REFUSAL


class Correlated(NamedTuple):
    """An answer, matched to the rows that were sent."""

    results: list[Result]
    left: list[QueueRow]  # rows that no part of the answer speaks of
    strays: dict[str, Document]  # results that could not be matched, by record id


def refused(row: QueueRow, refusal: Refusal) -> Result:
    """The result of a row that HubSpot refused by itself. Names of properties are taken over only
    where the row itself has such a property: anything else in an error may be a value."""
    if refusal.property_names:
        known = read_object(row.properties)
        names = tuple(name for name in refusal.property_names if name in known)
        refusal = replace(refusal, property_names=names)
    outcome = OUTCOMES.get(refusal.category or "")
    if outcome is None:
        outcome = CONFLICT if refusal.http_status == 409 else UNANSWERED
    return Result(row, outcome, row.hubspot_id, refusal=refusal)


def confirmed(row: QueueRow, result: Document) -> Result:
    """The result of a row that HubSpot says it wrote."""
    is_new = result.get("new") if row.operation == "upsert" else False
    outcome = CREATED if is_new else UPDATED
    return Result(row, outcome, str(result["id"]), is_new, result.get("updatedAt"))


def correlate(batch: Batch, document: Document) -> Correlated:
    """Match by the echoed trace id, else by what the record was asked for by.

    Raises Refused where an error names none of several rows.
    """
    by_trace = {row.record_ref: row for row in batch.rows}
    open_rows = dict(by_trace)
    results: list[Result] = []
    strays: dict[str, Document] = {}
    for result in entries(document, "results"):
        if not result.get("id"):
            continue
        row = _row_of(result, batch, by_trace)
        if row is None:
            strays[str(result["id"])] = result
        elif open_rows.pop(row.record_ref, None):
            results.append(confirmed(row, result))
    refusals: defaultdict[str, list[Refusal]] = defaultdict(list)
    for error in entries(document, "errors"):
        traced = [by_trace.get(trace) for trace in named(error, "objectWriteTraceId")]
        meant = [*filter(None, traced or map(batch.by_key.get, named(error, "ids")))]
        if not meant and len(batch.rows) > 1:
            raise Refused(refusal_of(error))  # who is meant shows once the row stands alone
        for row in meant or batch.rows:
            refusals[row.record_ref].append(refusal_of(error))
    for ref, said in refusals.items():
        if row := open_rows.pop(ref, None):
            results.append(refused(row, _one_refusal(said)))
    return Correlated(results, list(open_rows.values()), strays)


def _one_refusal(said: list[Refusal]) -> Refusal:
    """The first of a row's errors, with the properties of all that are of its kind."""
    like = [refusal for refusal in said if refusal.category == said[0].category]
    names = dict.fromkeys(name for refusal in like for name in refusal.property_names)
    return replace(said[0], property_names=tuple(names))


def _row_of(result: Document, batch: Batch, by_trace: Mapping[str, QueueRow]) -> QueueRow | None:
    traced = by_trace.get(str(result.get("objectWriteTraceId")))
    if not batch.is_upsert:
        return batch.by_key.get(str(result["id"])) or traced
    key = (result.get("properties") or {}).get(batch.like.id_property)
    return traced or batch.by_key.get(str(key))


class Recorder:
    """Renders results as rows of the push log."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._numbers = itertools.count(1)

    def lines(self, results: Iterable[Result]) -> list[bytes]:
        now = datetime.now(UTC).isoformat()
        return [self._line(result, now) for result in results]

    def _line(self, result: Result, now: str) -> bytes:
        row, refusal = result.row, result.refusal
        updated_at = result.updated_at or ""
        entry: dict[str, Any] = {
            "result_id": f"{self._run_id}-{next(self._numbers)}",
            "run_id": self._run_id,
            "entity": row.entity,
            "object_type": row.object_type,
            "natural_key": row.natural_key,
            "record_ref": row.record_ref,
            "operation": row.operation,
            "hubspot_id": result.hubspot_id,
            "payload_hash": row.payload_hash,
            "match_tier": row.match_tier,
            "outcome": result.outcome,
            "is_new": result.is_new,
            "hubspot_updated_at": updated_at if _TIMESTAMP.fullmatch(updated_at) else None,
            "pushed_at": now,
        }
        refused = ",".join(refusal.property_names) or None
        if result.outcome in CONFIRMED:
            # What was sent, by name: the values are HubSpot's to tell.
            sent = [
                name for name in read_object(row.properties) if name not in refusal.property_names
            ]
            entry |= {"property_names": ",".join(sent), "refused_properties": refused}
        else:
            entry["property_names"] = refused
        if refusal is not _NO_REFUSAL:
            entry |= {
                "category": refusal.category,
                "code": refusal.code,
                "http_status": refusal.http_status,
                "correlation_id": refusal.correlation_id,
            }
        return json_line(entry)


class Tally:
    """Counts outcomes per entity, and says when too many of one are refusals."""

    RUNAWAY_ROWS = 200  # so many of no avail, and most of all: there is no use in going on

    def __init__(self, max_percent: float, max_rows: int) -> None:
        self._max_percent = max_percent
        self._max_rows = max_rows
        self._lock = threading.Lock()
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.upserts_confirmed: Counter[str] = Counter()
        self._causes: dict[str, Counter[tuple[str | None, ...]]] = defaultdict(Counter)

    def add(self, results: Iterable[Result]) -> None:
        with self._lock:
            for row, outcome, _, _, _, refusal in results:
                self.counts[row.entity][outcome] += 1
                if row.operation == "upsert" and outcome in CONFIRMED:
                    self.upserts_confirmed[row.entity] += 1
                if outcome in FRUITLESS:
                    cause = (refusal.code or refusal.category, *refusal.property_names)
                    self._causes[row.entity][cause] += 1

    def total(self, *outcomes: str) -> int:
        """Records with one of these outcomes; all records without any named."""
        with self._lock:
            return sum(_sum(counter, outcomes) for counter in self.counts.values())

    def too_many_rejects(self) -> str | None:
        """Of which entities HubSpot refused more than the limit, and what for most of all."""
        with self._lock:
            told = [
                self._told(entity)
                for entity, counter in sorted(self.counts.items())
                if counter[REJECTED] >= max(1, self._max_rows)
                and counter[REJECTED] * 100 > self._max_percent * counter.total()
            ]
        return "; ".join(told) or None

    def runaway(self, entity: str) -> str | None:
        """Why there is no use in going on with an entity, where there is none."""
        with self._lock:
            counter = self.counts[entity]
            fruitless = _sum(counter, FRUITLESS)
            is_runaway = fruitless >= self.RUNAWAY_ROWS and fruitless * 2 > counter.total()
            return f"{self._told(entity)}: stopped early" if is_runaway else None

    def _told(self, entity: str) -> str:
        counter, causes = self.counts[entity], self._causes[entity]
        (code, *names), _ = causes.most_common(1)[0]
        return (
            f"{entity}: {causes.total()} of {counter.total()} records refused or unanswered, most "
            f"of them {code} ({', '.join(map(str, names)) or 'no property named'})"
        )


def _sum(counter: Counter[str], outcomes: tuple[str, ...]) -> int:
    return sum(counter[name] for name in outcomes or counter)
