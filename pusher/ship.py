"""The ship loop: batches of the queue to HubSpot, results to the push log.

Threads keep enough batches in flight to fill HubSpot's rate at any latency. A batch is guarded
(read first, where the decision rests on values that staff may change), written, matched to the
answer, and recorded. What HubSpot refuses as a whole, or does not answer, is split until the bad
record stands alone; what it refuses for a property that may be missing is sent once more without.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from pusher import logs
from pusher.appender import Appender
from pusher.batches import Batch, QueueRow, batches, read_object, without
from pusher.errors import (
    Failed,
    Halted,
    PusherError,
    Refusal,
    Refused,
    RunError,
    Transient,
)
from pusher.hubspot import Document, HubSpot, entries, gone_ids
from pusher.results import (
    CHANGED,
    CONFIRMED,
    LEFT_OUT,
    NOT_FOUND,
    REJECTED,
    UNANSWERED,
    UPDATED,
    Correlated,
    Recorder,
    Result,
    Tally,
    confirmed,
    correlate,
    refused,
)

FLUSH_SECONDS = 5.5  # of the last ones, for what is answered to be recorded
SLACK_SECONDS = 10.0  # beyond the longest request, for what follows its answer


class Shipper:
    """Ships one run's queue."""

    def __init__(
        self,
        hubspot: HubSpot,
        appender: Appender,
        tally: Tally,
        run_id: str,
        workers: int,
        on_progress: Callable[[int], object] = lambda rows: None,
        needed: Iterable[tuple[str, str, str]] = (),
    ) -> None:
        """`needed`: entity, operation and property that no such row is sent without."""
        self.gone: dict[str, list[str]] = {}  # record ids that HubSpot says are gone, by entity
        self._hubspot = hubspot
        self._appender = appender
        self._tally = tally
        self._recorder = Recorder(run_id)
        self._on_progress = on_progress
        self._needed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for entity, operation, name in needed:
            self._needed[entity, operation].add(name)
        self._stopped: dict[str, str] = {}  # why nothing more of an entity is sent
        self._error: RunError | None = None
        self._lock = threading.Lock()
        self._in_flight: dict[int, int] = {}  # rows without a result, by thread
        self._queue: queue.Queue[Batch | None] = queue.Queue(workers)
        self._workers = [
            threading.Thread(target=self._work, name=f"ship-{number}", daemon=True)
            for number in range(workers)
        ]

    def run(self, pages: Iterable[list[tuple[Any, ...]]], batch_size: int) -> None:
        """Ship everything, or as much as can be until something ends the run."""
        # Else a thread that parses a page keeps the senders waiting 5 ms at each of their steps,
        # and their requests come in bunches: one of six pushes at the limit was answered 429 so.
        # It costs a sixth of the CPU (11.5 s, else 9.5, for 100,000 creates).
        sys.setswitchinterval(0.0005)
        for worker in self._workers:
            worker.start()
        try:
            for batch in batches((row for page in pages for row in page), batch_size):
                if not self._enqueue(batch):
                    break
        except RunError as error:  # a page could not be read: ship those that were
            self._error = self._error or error
        for _ in self._workers:
            self._enqueue(None)
        for worker in self._workers:
            while worker.is_alive() and not self._hubspot.halted.is_set():
                worker.join(0.5)
        if self._error:
            raise self._error
        if self._stopped:
            raise Failed("reject_rate", "; ".join(self._stopped.values()))
        if not self._tally.total(*CONFIRMED):
            self._hubspot.check_outage()

    def stop(self, left: Callable[[], float]) -> int:
        """The end, whatever the cause: send nothing more, wait for what is in flight while there
        is time, and give the number of records that stay without a result."""
        self._hubspot.halted.set()
        gives_up_at = time.monotonic() + self._hubspot.timeout + SLACK_SECONDS
        for worker in self._workers:
            while worker.is_alive() and time.monotonic() < gives_up_at and left() > FLUSH_SECONDS:
                worker.join(0.1)
        with self._lock:
            return sum(self._in_flight.values())

    def _enqueue(self, batch: Batch | None) -> bool:
        while not self._hubspot.halted.is_set():
            try:
                self._queue.put(batch, timeout=0.5)
                return True
            except queue.Full:
                continue
        return False

    def _work(self) -> None:
        while not self._hubspot.halted.is_set():
            try:
                batch = self._queue.get(timeout=0.5)
            except queue.Empty:
                continue
            if batch is None:
                return
            try:
                if batch.like.entity not in self._stopped:
                    self._appender.wait_until_ready(self._hubspot.halted)
                    self._in_flight[threading.get_ident()] = len(batch.rows)
                    self._ship(batch)
                    if why := self._tally.runaway(batch.like.entity):
                        self._stopped[batch.like.entity] = why
            except Halted:
                return
            except RunError as error:
                self._end(error)
            except Exception as error:
                self._end(Failed(f"crashed_{type(error).__name__}", "a defect: please report it"))
            finally:
                with self._lock:
                    self._in_flight.pop(threading.get_ident(), None)
            self._on_progress(len(batch.rows))

    def _end(self, error: RunError) -> None:
        with self._lock:
            self._error = self._error or error
        self._hubspot.halted.set()

    def _ship(self, batch: Batch) -> None:
        """Send a batch and record what came of each row. Halves wait behind their siblings, so
        that HubSpot's answer to the good ones tells a bad record from an outage."""
        waiting: deque[tuple[Batch, dict[str, Result]]] = deque([(batch, {})])
        while waiting:
            batch, refused_at_first = waiting.popleft()
            results = self._results(batch)
            if results is None:
                waiting.extend((half, refused_at_first) for half in batch.halves)
                continue
            lesser = {}
            if not refused_at_first:
                # An update of nothing else is done: HubSpot has all that it takes of the record.
                results = [
                    one._replace(outcome=UPDATED, is_new=False) if self._left(one) == set() else one
                    for one in results
                ]
                lesser = self._lesser(results)
            if lesser:
                refused_in = {key: one for one in results if (key := one.row.record_ref) in lesser}
                waiting.append((Batch([*lesser.values()]), refused_in))
            self._record(
                [
                    _merged(refused_at_first.get(one.row.record_ref), one)
                    for one in results
                    if one.row.record_ref not in lesser
                ]
            )

    def _results(self, batch: Batch) -> list[Result] | None:
        """What became of each row; nothing where only its halves can tell."""
        try:
            return self._hubspot.policy.call(lambda: self._attempt(batch))
        except Refused as error:
            if error.refusal.http_status == 404:
                raise Failed("object_missing", "HubSpot no longer knows the object type") from None
            alone = refused(batch.like, error.refusal)
        except Transient as error:
            logs.event("unanswered", severity="WARNING", code=error.code, rows=len(batch.rows))
            alone = _held(batch.like, UNANSWERED, error.code.upper(), error.correlation_id)
        return None if len(batch.rows) > 1 else [alone]

    def _lesser(self, results: list[Result]) -> dict[str, QueueRow]:
        """Rows without what HubSpot refused of them, where they may be sent so."""
        return {
            one.row.record_ref: without(one.row, one.refusal.property_names)
            for one in results
            if self._left(one)
        }

    def _left(self, result: Result) -> set[str] | None:
        """What may be sent of a refused row without what HubSpot named; None where nothing may."""
        row, outcome, *_, refusal = result
        names = refusal.property_names
        # What the portal lacks is no fault of the record.
        if outcome != REJECTED or not names or refusal.code == "PROPERTY_DOESNT_EXIST":
            return None
        if not {row.id_property, *self._needed[row.entity, row.operation]}.isdisjoint(names):
            return None
        rest = read_object(row.properties).keys() - set(names)
        if row.operation == "upsert" and rest == {row.id_property}:
            return None
        return rest

    def _attempt(self, batch: Batch) -> list[Result]:
        """Guard and write as one, so that a repeated write rests on a fresh read."""
        held: list[Result] = []
        rows = batch.rows
        like = batch.like
        if like.guard is not None:
            logs.event("guard_read", severity="DEBUG", entity=like.entity, batch_rows=len(rows))
            held, rows = self._guard(batch)
        if not rows:
            return held
        sent = batch if len(rows) == len(batch.rows) else Batch(rows)
        logs.event("write", severity="DEBUG", entity=like.entity, batch_rows=len(rows))
        body = sent.write_body()
        document = self._hubspot.batch(like.object_type, like.operation, body, sent.refs)
        logs.event("answered", severity="DEBUG", entity=like.entity, batch_rows=len(rows))
        return held + self._settle(sent, correlate(sent, document))

    def _guard(self, batch: Batch) -> tuple[list[Result], list[QueueRow]]:
        """Results of the rows that may not be written now, and the rows that may.

        Null, "" and absent are equal; a value that we would write anyway does no harm.
        """
        guards = {text: read_object(text) for text in {row.guard for row in batch.rows}}
        names = {name for guard in guards.values() for name in guard}
        try:
            current, gone = self._read(batch, names)
            unseen = [
                row for key, row in batch.by_key.items() if key not in current and key not in gone
            ]
            if unseen and batch.is_upsert:
                # Neither there nor reported missing: only a second look makes it a new record.
                current |= self._read(Batch(unseen), names)[0]
        except Refused:
            return [_held(row, UNANSWERED, "GUARD_UNREADABLE") for row in batch.rows], []
        held: list[Result] = []
        passed: list[QueueRow] = []
        for key, row in batch.by_key.items():
            if key in current:
                found = current[key].get("properties") or {}
                differing = {
                    name: found.get(name) or ""
                    for name, value in guards[row.guard].items()
                    if (found.get(name) or "") != (value or "")
                }
                if not differing or differing.items() <= read_object(row.properties).items():
                    passed.append(row)
                else:
                    held.append(_held(row, CHANGED))
            elif batch.is_upsert:
                passed.append(row)
            elif key in gone:
                held.append(_held(row, NOT_FOUND))
            else:
                held.append(_held(row, UNANSWERED, "GUARD_UNREADABLE"))
        return held, passed

    def _read(self, batch: Batch, names: Iterable[str]) -> tuple[dict[str, Document], set[str]]:
        """Records by key, and the keys that HubSpot says do not exist. One attempt."""
        like = batch.like
        body = batch.read_body(names)
        document = self._hubspot.batch(like.object_type, "read", body, batch.refs)
        current: dict[str, Document] = {}
        for record in entries(document, "results"):
            properties = record.get("properties") or {}
            key = properties.get(like.id_property) if batch.is_upsert else record.get("id")
            current[str(key)] = record
        return current, gone_ids(document) - current.keys()

    def _settle(self, batch: Batch, correlated: Correlated) -> list[Result]:
        """Give every row a result: look up what the answer left open."""
        results, left, strays = correlated
        if not left:
            return results
        rest = Batch(left)
        try:
            current, gone = self._hubspot.policy.call(lambda: self._read(rest, ()))
        except PusherError:  # what the answer did confirm is not to be lost to a failed look-up
            current, gone = {}, set()
        for key, row in rest.by_key.items():
            found = str(current.get(key, {}).get("id"))
            if batch.is_upsert and found in strays:
                results.append(confirmed(row, strays[found]))
            else:
                is_gone = key in gone and not batch.is_upsert
                results.append(_held(row, NOT_FOUND if is_gone else LEFT_OUT))
        return results

    def _record(self, results: list[Result]) -> None:
        self._appender.add(self._recorder.lines(results))
        self._tally.add(results)
        with self._lock:
            self._in_flight[threading.get_ident()] -= len(results)
            for row, outcome, *_ in results:
                if outcome == NOT_FOUND and row.operation == "update":
                    self.gone.setdefault(row.entity, []).append(str(row.hubspot_id))


def _merged(first: Result | None, second: Result) -> Result:
    """What is recorded of a row that was sent twice: that it arrived, and without what."""
    if first is None or second.outcome == REJECTED:
        return first or second
    refusal = first.refusal if second.outcome in CONFIRMED else second.refusal
    return second._replace(row=first.row, refusal=refusal)


def _held(
    row: QueueRow, outcome: str, code: str | None = None, correlation_id: str | None = None
) -> Result:
    refusal = Refusal(code=code, correlation_id=correlation_id)
    return Result(row, outcome, row.hubspot_id, refusal=refusal)
