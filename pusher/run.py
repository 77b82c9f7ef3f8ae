"""One run: refresh the mirror, let SQL decide, ask the gates, ship, record, close the books."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pusher import ledger, logs, mirror, portal, session
from pusher.appender import Appender
from pusher.batches import COLUMNS
from pusher.errors import Failed, GateStop, Interrupted, PusherError, RunError, as_run_error
from pusher.interrupts import Interrupts
from pusher.mirror import Refreshed
from pusher.notify import notify
from pusher.outcome import RunOutcome
from pusher.progress import Progress
from pusher.results import CONFIRMED, CREATED, UPDATED, Tally
from pusher.session import Session
from pusher.settings import Settings
from pusher.ship import Shipper
from pusher.warehouse import Row

LAST_FLUSH_SECONDS = 3.0  # for what is left to record once a run has been interrupted


@dataclass(frozen=True)
class Options:
    """What the command line asks of a run."""

    command: str = "push"
    entities: tuple[str, ...] = ()
    allow_mass_change: bool = False
    is_initial_load: bool = False  # creates are not gated then
    confirm: Callable[[list[Row]], bool] | None = None  # sees the counts before the first write


def push(settings: Settings, options: Options, interrupts: Interrupts) -> RunOutcome:
    """Do the whole run; whatever happens becomes an outcome."""
    run = _Run(settings, options, interrupts)
    error: RunError | None = None
    try:
        run.execute()
    except (Exception, KeyboardInterrupt) as caught:
        error = as_run_error(caught)
    interrupts.is_closing = True
    outcome = run.outcome(error)
    run.log(outcome)
    run.notify(outcome)
    return outcome


class _Run:
    def __init__(self, settings: Settings, options: Options, interrupts: Interrupts) -> None:
        self._settings = settings
        self._options = options
        self._interrupts = interrupts
        self._started_at = datetime.now(UTC)
        self._clock = time.monotonic()
        self._step = "settings"
        self._session: Session | None = None
        self._tally = Tally(settings.max_reject_percent, settings.max_reject_rows)
        self._snapshot: list[Row] = []
        self._repeat_failures: list[Row] = []
        self._previous_status: str | None = None

    def execute(self) -> None:
        self._session = session.connect(
            self._settings, entities=self._options.entities, enter=self._enter
        )
        with session.holding_lease(self._session, self._enter):
            self._work(self._session)

    def _enter(self, step: str) -> None:
        self._step = step
        logs.phase(step)

    def _work(self, at: Session) -> None:
        ledger.open_run(at, self._started_at)
        error: RunError | None = None
        try:
            self._decide_and_ship(at)
        except (Exception, KeyboardInterrupt) as caught:
            error = as_run_error(caught)
        self._interrupts.is_closing = True
        self._close(at, error)
        if error:
            raise error

    def _decide_and_ship(self, at: Session) -> None:
        self._enter("fold")
        at.warehouse.call("fold_results")
        self._enter("mirror")
        refreshed = refresh_mirror(at)
        self._take_snapshot(at)
        queued = sum(row["queued"] for row in self._snapshot)
        if queued:
            self._enter("check")
            has_changed = portal.record(at)
            portal.require(at)
            if has_changed:  # what is sent, and whether, may hang on it
                self._take_snapshot(at)
                queued = sum(row["queued"] for row in self._snapshot)
        if self._options.confirm and not self._options.confirm(self._snapshot):
            raise GateStop("not_confirmed", "nothing was sent")
        error: RunError | None = None
        gone: dict[str, list[str]] = {}
        if queued:
            error, gone = self._ship(at, queued)
        for entity, hubspot_ids in gone.items():
            mirror.bury(at.warehouse, entity, hubspot_ids, refreshed[entity].watermark)
        if not isinstance(error, Interrupted):  # then the next run folds: there is no time
            self._enter("fold")
            at.warehouse.call("fold_results")
        if error:
            raise error
        if self._tally.too_many_rejects():
            raise Failed("reject_rate", "HubSpot refused more records than MAX_REJECT_PERCENT")

    def _take_snapshot(self, at: Session) -> None:
        self._enter("snapshot")
        at.warehouse.call("take_snapshot", at.run_id, ",".join(at.entities))
        self._snapshot = at.warehouse.query(
            f"select * from {at.settings.table('snapshot_counts')} where run_id = @run_id",
            run_id=at.run_id,
        )
        self._enter("gates")
        gates = at.warehouse.query(
            f"select * from {at.settings.table('push_gates')} where run_id = @run_id and blocks",
            run_id=at.run_id,
        )
        stopping = [gate for gate in gates if not self._is_allowed(gate)]
        for gate in stopping:
            fields = ("entity", "code", "kind", "count_value", "limit_value", "hint")
            logs.event("gate", severity="ERROR", **{name: gate[name] for name in fields})
        if stopping:
            raise GateStop(
                str(stopping[0]["code"]),
                "\n".join(
                    f"{gate['entity']} {gate['code']} ({gate['kind']}): {gate['count_value']}, "
                    f"limit {gate['limit_value']}. {gate['hint']}"
                    for gate in stopping
                ),
            )

    def _is_allowed(self, gate: Row) -> bool:
        asked = self._options.allow_mass_change or (
            self._options.is_initial_load and gate["kind"] == "create"
        )
        return bool(gate["can_be_allowed"]) and asked

    def _ship(self, at: Session, queued: int) -> tuple[RunError | None, dict[str, list[str]]]:
        self._enter("ship")
        logs.event("queue", queued=queued)
        appender = Appender(at.warehouse)
        error: RunError | None = None
        with Progress(queued, self._options.command) as progress:
            shipper = Shipper(
                at.hubspot,
                appender,
                self._tally,
                at.run_id,
                workers=at.settings.workers,
                on_progress=progress.advance,
            )
            try:
                shipper.run(self._queue(at), at.settings.batch_size)
            except RunError as caught:
                error = caught
        self._enter("append")
        try:
            try:
                appender.close(LAST_FLUSH_SECONDS if isinstance(error, Interrupted) else None)
            except KeyboardInterrupt:
                error = Interrupted()
                appender.close(LAST_FLUSH_SECONDS)
        except Failed as caught:  # worse than anything else: it goes first
            error = caught
        return error, shipper.gone

    def _queue(self, at: Session) -> Iterator[list[tuple[Any, ...]]]:
        # Without an order: sorting a million rows would cost what paging through them saves.
        return at.warehouse.pages(
            f"""select {COLUMNS} from {at.settings.table("reverse_etl_snapshot")}
            where run_id = @run_id and is_queued""",
            run_id=at.run_id,
        )

    def _close(self, at: Session, error: RunError | None) -> None:
        """Write the ledger and gather what alerts need; never hides the error of the run."""
        step = self._step
        logs.phase("ledger")
        try:
            self._previous_status = ledger.previous_status(at)
            ledger.close_run(
                at,
                status=error.status if error else "success",
                step=step,
                exit_code=error.exit_code if error else 0,
                counts=self._counts(),
                creates_left=self._creates_left(),
            )
            if not isinstance(error, Interrupted):
                self._repeat_failures = at.warehouse.query(
                    f"select * from {at.settings.table('repeat_failures')}"
                )
        except PusherError as caught:
            logs.event("ledger_not_closed", severity="ERROR", code=caught.code)
            if error is None:
                raise

    def _counts(self) -> dict[str, dict[str, int]]:
        """Per entity: records by state as decided, and by outcome as shipped."""
        counts: dict[str, Counter[str]] = {}
        for row in self._snapshot:
            of = counts.setdefault(row["entity"], Counter())
            of[row["state"]] += row["records"]
            for name in ("records", "source_rows", "queued", "queued_creates"):
                of[name] += row[name] or 0
        for entity, outcomes in self._tally.counts.items():
            of = counts.setdefault(entity, Counter())
            of.update(outcomes)
            of["answered"] += sum(outcomes.values())
        return {entity: dict(of) for entity, of in sorted(counts.items())}

    def _creates_left(self) -> dict[str, int]:
        left: Counter[str] = Counter()
        for row in self._snapshot:
            left[row["entity"]] += row["queued_creates"]
        return {entity: left[entity] - self._tally.upserts_confirmed[entity] for entity in left}

    def outcome(self, error: RunError | None) -> RunOutcome:
        at = self._session
        return RunOutcome(
            run_id=at.run_id if at else "",
            command=self._options.command,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            exit_code=error.exit_code if error else 0,
            status=error.status if error else "success",
            step=self._step,
            error_code=error.code if error else None,
            error_hint=error.hint if error else None,
            counts=self._counts(),
            hubspot_requests=at.hubspot.requests if at else 0,
            last_events=logs.last_events(),
            repeat_failures=tuple(self._repeat_failures),
            previous_status=self._previous_status,
        )

    def log(self, outcome: RunOutcome) -> None:
        """The canonical line: everything about the run, in one event."""
        warehouse = self._session.warehouse if self._session else None
        sent, confirmed = self._tally.total(), self._tally.total(*CONFIRMED)
        logs.event(
            "run_finished",
            severity="INFO" if outcome.exit_code == 0 else "ERROR",
            command=outcome.command,
            status=outcome.status,
            exit_code=outcome.exit_code,
            step=outcome.step,
            error_code=outcome.error_code,
            hint=outcome.error_hint,
            duration_seconds=round(time.monotonic() - self._clock, 3),
            hubspot_requests=outcome.hubspot_requests,
            bigquery_round_trips=warehouse.round_trips if warehouse else 0,
            bigquery_seconds=round(warehouse.seconds, 3) if warehouse else 0.0,
            sent=sent,
            confirmed=confirmed,
            created=self._tally.total(CREATED),
            updated=self._tally.total(UPDATED),
            not_confirmed=sent - confirmed,
            counts=outcome.counts,
        )

    def notify(self, outcome: RunOutcome) -> None:
        logs.phase("notify")
        try:
            codes = notify(self._settings, outcome)
        except Exception as error:
            codes = (f"failed:{type(error).__name__}",)
        if codes:
            logs.event("notified", codes=list(codes))


def refresh_mirror(at: Session, *, full: bool = False) -> dict[str, Refreshed]:
    """Refresh the mirror of every entity of the session, side by side."""
    plans = [row for row in mirror.plans(at.warehouse, at.settings) if row["entity"] in at.entities]

    def refresh(plan: Row) -> Refreshed:
        at.hubspot.resolve(plan["object_type"], at.portal_id)
        return mirror.refresh(at.warehouse, at.hubspot, at.settings, plan, full=full)

    with ThreadPoolExecutor(len(plans) or 1, thread_name_prefix="mirror") as pool:
        try:
            return {done.entity: done for done in pool.map(refresh, plans)}
        except BaseException:
            at.hubspot.halted.set()  # the other entity's pages are of no use any more
            raise
