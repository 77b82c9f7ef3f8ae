"""One run: refresh the mirror, let SQL decide, ask the gates, ship, record, close the books."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from pusher import ledger, logs, mirror, portal, session
from pusher.appender import Appender
from pusher.batches import COLUMNS
from pusher.errors import (
    Failed,
    GateStop,
    Interrupted,
    LeaseHeld,
    PusherError,
    RunError,
    as_run_error,
)
from pusher.interrupts import Interrupts
from pusher.mirror import Refreshed
from pusher.notify import notify
from pusher.outcome import RunOutcome
from pusher.results import CONFIRMED, CREATED, UPDATED, Tally
from pusher.session import Session
from pusher.settings import Environment, Settings
from pusher.ship import Shipper
from pusher.warehouse import Row

SEVERITIES = {0: "INFO", LeaseHeld.exit_code: "WARNING"}  # a held lease is no failure
GATE_FIELDS = ("entity", "code", "kind", "count_value", "limit_value", "hint")


@dataclass(frozen=True)
class Options:
    """What the command line asks of a run."""

    command: str = "push"
    entities: tuple[str, ...] = ()
    allow_mass_change: bool = False
    is_initial_load: bool = False  # creates and updates are not gated then
    confirm: Callable[[Session, list[Row]], bool] = lambda at, counts: True  # before a write


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
    tell(settings, outcome)
    return outcome


def tell(environment: Environment, outcome: RunOutcome) -> None:
    """Alert people where the outcome calls for it; an alert that fails, fails nothing."""
    logs.phase("notify")
    try:
        codes = notify(environment, outcome)
    except Exception as caught:
        codes = (f"failed:{type(caught).__name__}",)
    if codes:
        logs.event("notified", codes=list(codes))


class _Run:
    def __init__(self, settings: Settings, options: Options, interrupts: Interrupts) -> None:
        self._settings = settings
        self._options = options
        self._interrupts = interrupts
        self._started_at = datetime.now(UTC)
        self._step: str | None = None
        self._session: Session | None = None
        self._unrecorded = 0
        self._tally = Tally(settings.max_reject_percent, settings.max_reject_rows)
        self._snapshot: list[Row] = []
        self._repeat_failures: list[Row] = []
        self._previous = ledger.Previous(None, {})
        self._warnings: dict[str, frozenset[str]] = {}
        self._is_recorded = False

    def execute(self) -> None:
        at = session.reach(self._settings, entities=self._options.entities)
        self._session = at
        with ExitStack() as held:
            try:
                at = self._session = session.identify(at)
                held.enter_context(session.holding_lease(at))
            except PusherError as caught:
                if not isinstance(caught, LeaseHeld):
                    self._record_early_end(at, as_run_error(caught))
                raise
            ledger.open_run(at, self._started_at)
            error: RunError | None = None
            try:
                self._work(at)
            except (Exception, KeyboardInterrupt) as caught:
                error = as_run_error(caught)
            self._interrupts.is_closing = True
            self._close(at, error)
            if error:
                raise error

    def _record_early_end(self, at: Session, error: RunError) -> None:
        """Alerts compare a run with the one before it: one that never began counts, too."""
        try:
            ledger.open_run(at, self._started_at)
        except PusherError as caught:
            logs.event("ledger_not_opened", severity="WARNING", code=caught.code)
        else:
            self._close(at, error)

    def _work(self, at: Session) -> None:
        logs.phase("fold")
        at.warehouse.call("fold_results")
        logs.phase("check")
        portal.record(at)  # what is read back, and sent again, hangs on it
        logs.phase("mirror")
        refreshed = refresh_mirror(at)
        queued = self._decide(at)
        if queued:
            portal.require(at)
        if not self._options.confirm(at, self._snapshot):
            raise GateStop("not_confirmed", "nothing was sent")
        error: RunError | None = None
        if queued:
            error, gone = self._ship(at, queued)
            if not self._interrupts.is_asked:
                for entity in gone.keys() & refreshed.keys():  # others see it at their next refresh
                    mirror.bury(at.warehouse, entity, gone[entity], refreshed[entity].watermark)
        if not self._interrupts.is_asked:  # then the next run folds: there is no time
            logs.phase("fold")
            try:
                at.warehouse.call("fold_results")
            except PusherError as caught:  # what came before it says more
                error = error or as_run_error(caught)
        if error:
            raise error
        if why := self._tally.too_many_rejects():
            raise Failed("reject_rate", why)

    def _decide(self, at: Session) -> int:
        """Freeze what SQL decides on the mirror of this minute, ask the gates, count the queue."""
        logs.phase("snapshot")
        at.warehouse.call("take_snapshot", at.run_id, ",".join(at.entities))
        self._snapshot = self._rows_of_run(at, "snapshot_counts")
        logs.phase("gates")
        gates = self._rows_of_run(at, "push_gates")
        silent = sorted(set(at.entities) - {gate["entity"] for gate in gates})
        if silent:  # no verdict is no permission
            raise GateStop(
                "gates_silent",
                f"push_gates says nothing about {', '.join(silent)}: dbt and the pusher must name "
                "the same RUN_LEDGER_TABLE",
            )
        stopping = [
            gate for gate in gates if gate["blocks"] is not False and not self._is_allowed(gate)
        ]
        warns = [gate for gate in gates if gate["warns"] and gate not in stopping]
        self._warnings = {
            entity: frozenset(gate["code"] for gate in warns if gate["entity"] == entity)
            for entity in at.entities
        }
        for gate in gates:
            fields = {name: gate[name] for name in GATE_FIELDS}
            if gate in stopping:
                logs.event("gate", severity="ERROR", **fields)
            elif gate in warns:
                logs.event("gate_warning", severity="WARNING", **fields)
        if stopping:
            lines = (
                "{entity} {code} ({kind}): {count_value}, limit {limit_value}. {hint}".format_map(
                    gate
                )
                for gate in stopping
            )
            raise GateStop(str(stopping[0]["code"]), "\n".join(lines))
        return sum(row["queued"] for row in self._snapshot)

    def _rows_of_run(self, at: Session, view: str) -> list[Row]:
        return at.warehouse.query(
            f"select * from {at.settings.table(view)} where run_id = @run_id", run_id=at.run_id
        )

    def _is_allowed(self, gate: Row) -> bool:
        # A first load shows the counts and asks; emptying values is not what it is for.
        is_first_load = self._options.is_initial_load and gate["kind"] != "clear"
        return bool(gate["can_be_allowed"]) and (self._options.allow_mass_change or is_first_load)

    def _ship(self, at: Session, queued: int) -> tuple[RunError | None, dict[str, list[str]]]:
        """What ended the shipping, if something did, and the records found gone."""
        from tqdm import tqdm  # nothing to show in a run that ships nothing

        logs.phase("ship")
        logs.event("queue", queued=queued)
        # Without an order: sorting a million rows would cost what paging through them saves.
        pages = at.warehouse.pages(
            f"""select {COLUMNS} from {at.settings.table("reverse_etl_snapshot")}
            where run_id = @run_id and is_queued""",
            run_id=at.run_id,
        )
        needed = at.warehouse.query(f"select * from {at.settings.table('needed_properties')}")
        appender = Appender(at.warehouse, left=self._interrupts.left)
        error: RunError | None = None
        with tqdm(total=queued, unit=" records", file=sys.stderr, disable=None) as bar:
            shipper = Shipper(
                at.hubspot,
                appender,
                self._tally,
                at.run_id,
                at.settings.workers,
                bar.update,
                [(row["entity"], row["operation"], row["property"]) for row in needed],
            )
            try:
                shipper.run(pages, at.settings.batch_size)
            except (Exception, KeyboardInterrupt) as caught:
                error = as_run_error(caught)
            self._interrupts.is_closing = True
            self._unrecorded = shipper.stop(self._interrupts.left)
        if self._unrecorded:
            logs.event("unrecorded", severity="WARNING", rows=self._unrecorded)
        logs.phase("append")
        try:
            appender.close()
        except Failed as caught:  # worse than anything else: it goes first
            error = caught
        self._unrecorded += appender.unrecorded
        self._interrupts.is_closing = False
        if self._interrupts.is_asked:
            error = error or Interrupted()
        return error, shipper.gone

    def _close(self, at: Session, error: RunError | None) -> None:
        """Write the ledger and gather what alerts need; never hides the error of the run."""
        self._step = logs.step()
        logs.phase("ledger")
        try:
            if not self._interrupts.is_asked:  # nobody is told of that
                self._previous = ledger.previous(at)
            ledger.close_run(
                at,
                status=error.status if error else "success",
                step=self._step,
                exit_code=error.exit_code if error else 0,
                counts=self._counts(),
                creates_left=self._creates_left(),
                warnings=self._warnings,
            )
            self._is_recorded = True
            if not self._interrupts.is_asked:
                view = at.settings.table("repeat_failures")
                self._repeat_failures = at.warehouse.query(
                    f"select * from {view} where last_tried_at >= @started_at",
                    started_at=self._started_at,
                )
        except PusherError as caught:
            logs.event("ledger_not_closed", severity="ERROR", code=caught.code)
            if error is None:
                raise

    def _counts(self) -> dict[str, dict[str, int]]:
        """Per entity: records by state as decided, and by outcome as shipped."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in self._snapshot:
            of = counts[row["entity"]]
            of[row["state"]] += row["records"]
            for name in ("records", "source_rows", "queued"):
                of[name] += row[name] or 0
        for entity, outcomes in self._tally.counts.items():
            counts[entity].update(outcomes)
            counts[entity]["answered"] += sum(outcomes.values())
        return {entity: dict(of) for entity, of in sorted(counts.items())}

    def _creates_left(self) -> dict[str, int]:
        left = {row["entity"]: 0 for row in self._snapshot}
        for row in self._snapshot:
            left[row["entity"]] += row["queued_creates"]
        return {entity: n - self._tally.upserts_confirmed[entity] for entity, n in left.items()}

    def outcome(self, error: RunError | None) -> RunOutcome:
        at = self._session
        return RunOutcome(
            run_id=at.run_id if at else logs.run_id(),
            command=self._options.command,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            exit_code=error.exit_code if error else 0,
            status=error.status if error else "success",
            step=self._step or logs.step(),
            error_code=error.code if error else None,
            error_hint=error.hint if error else None,
            counts=self._counts(),
            hubspot_requests=at.hubspot.requests if at else 0,
            last_events=logs.last_events(),
            repeat_failures=tuple(self._repeat_failures),
            previous_status=self._previous.status,
            warnings=self._warnings,
            previous_warnings=self._previous.warnings,
            entities=self._options.entities,
            is_recorded=self._is_recorded,
        )

    def log(self, outcome: RunOutcome) -> None:
        """The canonical line: everything about the run, in one event."""
        warehouse = self._session.warehouse if self._session else None
        sent, confirmed = self._tally.total(), self._tally.total(*CONFIRMED)
        logs.event(
            "run_finished",
            severity=_severity(outcome),
            command=outcome.command,
            status=outcome.status,
            exit_code=outcome.exit_code,
            step=outcome.step,
            error_code=outcome.error_code,
            hint=outcome.error_hint,
            duration_seconds=(outcome.finished_at - outcome.started_at).total_seconds(),
            hubspot_requests=outcome.hubspot_requests,
            bigquery_round_trips=warehouse.round_trips if warehouse else 0,
            bigquery_seconds=round(warehouse.seconds, 3) if warehouse else 0.0,
            sent=sent,
            confirmed=confirmed,
            not_confirmed=sent - confirmed,
            unrecorded=self._unrecorded,
            created=self._tally.total(CREATED),
            updated=self._tally.total(UPDATED),
            counts=outcome.counts,
        )


def _severity(outcome: RunOutcome) -> str:
    if outcome.error_code == "not_confirmed":
        return "INFO"  # somebody was asked, and said no
    return SEVERITIES.get(outcome.exit_code, "ERROR")


def refresh_mirror(at: Session, *, full: bool = False) -> dict[str, Refreshed]:
    """Refresh the mirror of every entity of the session, side by side."""
    plans = at.warehouse.query(f"select * from {at.settings.table('mirror_plan')}")
    plans = [plan for plan in plans if plan["entity"] in at.entities]

    def refresh(plan: Row) -> Refreshed:
        if at.hubspot.canonical(plan["object_type"]) == plan["object_type"]:
            at.hubspot.resolve(plan["object_type"], at.portal_id)
        return mirror.refresh(at.warehouse, at.hubspot, at.settings, plan, full=full)

    pool = ThreadPoolExecutor(len(plans) or 1, thread_name_prefix="mirror")
    try:
        return {done.entity: done for done in pool.map(refresh, plans)}
    except BaseException:
        at.hubspot.halted.set()  # the other entity's pages are of no use any more
        raise
    finally:
        pool.shutdown(wait=False)  # a thread that hangs must not keep an interrupted run
