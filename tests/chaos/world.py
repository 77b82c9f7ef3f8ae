"""Both ends of the wire in a state that can be gone back to, and what a run left at each of them.

A state is the control tables, copied inside BigQuery, and HubSpot's snapshot of the same name:
going back takes a second, where a `dbt build` takes half a minute.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pusher import logs
from pusher.__main__ import main
from pusher.interrupts import SIGNALS
from sandbox.hubspot.client import SimulatorControl
from sandbox.stack import FOREIGN_SETTINGS, LocalStack
from tests.chaos.process import Done, Running
from tests.chaos.proxy import BigQueryProxy

Row = dict[str, Any]

# All that a pusher writes. What dbt writes stays as the build left it.
TABLES = (
    "hubspot_id_map", "hubspot_merges", "hubspot_mirror", "hubspot_mirror_stage",
    "hubspot_mirror_state", "hubspot_portal_properties", "hubspot_portal_stage",
    "reverse_etl_builds", "reverse_etl_dlq", "reverse_etl_lease", "reverse_etl_push_log",
    "reverse_etl_run_ledger", "reverse_etl_snapshot",
)  # fmt: skip
NATURAL_IDS = {"contacts": "amd_patient_id", "p_roi": "roi_id"}
ENTITIES = {"patients": "contacts", "rois": "p_roi"}
# Two patients behind one email: as long as neither has it in HubSpot both are the first, and as
# soon as one has, the other is the second. That depends on how far a run came, and is no loss.
REASONS_ALIKE = {"shared_email_in_source": "email of another patient",
                 "email_held_by_other_patient": "email of another patient"}  # fmt: skip
# HubSpot keeps these by itself, and they tell of the time rather than of the record.
KEPT_BY_HUBSPOT = ("createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_createdate",
                   "hs_object_id")  # fmt: skip


@dataclass(frozen=True)
class EndState:
    """What a run, or a chain of runs, came to; equal where nothing was lost and nothing doubled."""

    # Every live record, as often as it is there.
    records: Mapping[str, Counter[str]]
    # Those that were there before keep their ids.
    old_ids: Mapping[str, Mapping[str, str]]
    # (entity, natural key) → payload hash, hashes of values, and whether it names the right record.
    id_map: Mapping[tuple[str, str], tuple[str, frozenset[tuple[str, str]], bool]]
    # Open ones: (entity, natural key, reason, payload hash).
    dead_letters: Counter[tuple[str, str, str, str]]
    # Natural keys that are confirmed, after a kill by what HubSpot holds; and the rest.
    confirmed: frozenset[tuple[str, str]]
    refused: frozenset[tuple[str, str]]

    def differences(self, other: EndState) -> list[str]:
        """What this state lacks or has beyond the other, in a few lines."""
        found = []
        for name, mine, theirs in (
            *((kind, self.records[kind], other.records[kind]) for kind in NATURAL_IDS),
            ("dead letters", self.dead_letters, other.dead_letters),
        ):
            found += [f"{name}: not here: {key}"[:600] for key in theirs - mine]
            found += [f"{name}: too much: {key}"[:600] for key in mine - theirs]
        for name in ("old_ids", "id_map", "confirmed", "refused"):
            one, two = getattr(self, name), getattr(other, name)
            if one != two:
                found.append(f"{name}: {_unlike(one, two)}"[:600])
        return found


def _unlike(one: Any, two: Any) -> str:
    pairs = [
        set(value) if isinstance(value, frozenset) else {(k, str(v)) for k, v in value.items()}
        for value in (one, two)
    ]
    return f"too much {pairs[0] - pairs[1]}, not here {pairs[1] - pairs[0]}"


@dataclass
class World:
    """A clinic that has been built, behind a proxy, with everybody's output kept for later."""

    stack: LocalStack
    proxy: BigQueryProxy
    folder: Path
    mail_url: str
    states: set[str] = field(default_factory=set)
    runs: int = 0
    started: list[Running] = field(default_factory=list)
    is_source_spoiled: bool = False

    @property
    def hubspot(self) -> SimulatorControl:
        return self.stack.hubspot

    @property
    def environ(self) -> dict[str, str]:
        return {
            **self.stack.env,
            "BIGQUERY_EMULATOR_HOST": self.proxy.url,
            "INITIAL_BACKOFF": "0.02",
            "BATCH_SIZE": "10",
            "WORKERS": "4",
            "LOG_LEVEL": "DEBUG",
            "SMTP_URL": self.mail_url,
            "ALERT_EMAIL_TO": "chaos@example.org",
        }

    # ---------- states

    def save(self, name: str) -> None:
        self.query(
            ";\n".join(
                f"create or replace table `{self.stack.etl}.{name}__{table}` as "
                f"select * from `{self.stack.etl}.{table}`"
                for table in TABLES
            )
        )
        self.hubspot.snapshot(f"{self.stack.etl}.{name}")
        self.states.add(name)

    def restore(self, name: str) -> None:
        """Back to a state; no fault is ordered, and nothing is under way."""
        self.calm()
        self.query(
            ";\n".join(
                f"truncate table `{self.stack.etl}.{table}`;\n"
                f"insert into `{self.stack.etl}.{table}` "
                f"select * from `{self.stack.etl}.{name}__{table}`"
                for table in TABLES
            )
        )
        self.hubspot.restore_snapshot(f"{self.stack.etl}.{name}")
        self.hubspot.clear_requests()

    def calm(self) -> None:
        """Whatever was held, spoiled or left running by a failed test is no more."""
        for running in self.started:
            if running.is_running:
                running.kill()
        self.started.clear()
        self.hubspot.clear_faults()
        self.proxy.settle()

    def age_lease(self) -> None:
        """What two minutes would do to the lease of a holder that has died."""
        self.query(
            f"""update `{self.stack.etl}.reverse_etl_lease`
            set heartbeat_at = timestamp_sub(heartbeat_at, interval 121 second),
                expires_at = timestamp_sub(expires_at, interval 121 second)
            where holder is not null"""
        )

    # ---------- commands

    def run(self, *arguments: str, **changes: str) -> Done:
        """A command of the pusher in this process; `start` makes one of its own."""
        out, err = io.StringIO(), io.StringIO()
        with _as_a_process(self._full(changes), out, err):
            exit_code = main(list(arguments))
        return self._kept(Done(exit_code, out.getvalue(), err.getvalue()))

    def push(self, *arguments: str, **changes: str) -> Done:
        """A run that has been told that many changes are in order."""
        return self.run("--allow-mass-change", *arguments, **changes)

    def start(
        self, *arguments: str, prelude: str = "", allow: bool = True, **changes: str
    ) -> Running:
        more = ["--allow-mass-change"] if allow else []
        running = Running([*more, *arguments], self._full(changes), prelude)
        self.started.append(running)
        return running

    def kill(self, running: Running) -> Done:
        """SIGKILL; what was under way comes to rest, and the lease runs out."""
        return self.after(running.kill())

    def after(self, done: Done) -> Done:
        self.calm()
        self.age_lease()
        return self._kept(done)

    def _full(self, changes: Mapping[str, str]) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN_SETTINGS)
        }
        return {**inherited, **self.environ, **changes}

    def _kept(self, done: Done) -> Done:
        """All output is kept: in the end none of it may show a value."""
        self.runs += 1
        text = f"{done.exit_code}\n{done.stdout}\n{done.stderr}"
        (self.folder / f"pusher-{self.runs:04d}.log").write_text(text, encoding="utf-8")
        return done

    # ---------- what there is

    def query(self, sql: str) -> list[Row]:
        return self.stack.query(sql)

    def rows(self, table: str, where: str = "true") -> list[Row]:
        return self.query(f"select * from `{self.stack.etl}.{table}` where {where}")

    def end_state(self) -> EndState:
        records: dict[str, Counter[str]] = {}
        old_ids: dict[str, dict[str, str]] = {}
        holders: dict[tuple[str, str], str] = {}
        for entity, kind in ENTITIES.items():
            live = self.hubspot.live(kind)
            records[kind] = Counter(map(_told, live.values()))
            old_ids[kind] = {
                record_id: _told(properties)
                for record_id, properties in live.items()
                if record_id in self.old_ids(kind)
            }
            for record_id, properties in live.items():
                if key := properties.get(NATURAL_IDS[kind]):
                    holders[(entity, key)] = record_id
        results = self.rows("reverse_etl_push_log")
        confirmed = frozenset(
            (row["entity"], row["natural_key"])
            for row in results
            if row["outcome"] in ("created", "updated")
        )
        confirmed |= {
            (row["entity"], row["natural_key"])
            for row in self.rows("hubspot_id_map", "confirmed_values is not null")
        }
        tried = frozenset((row["entity"], row["natural_key"]) for row in results)
        return EndState(
            records=records,
            old_ids=old_ids,
            id_map={
                (row["entity"], row["natural_key"]): (
                    row["payload_hash"],
                    frozenset(json.loads(row["confirmed_values"] or "{}").items()),
                    holders.get((row["entity"], row["natural_key"])) == row["hubspot_id"],
                )
                for row in self.rows("hubspot_id_map")
            },
            dead_letters=Counter(
                (
                    row["job_type"],
                    row["natural_key"],
                    REASONS_ALIKE.get(row["reason"], row["reason"]),
                    row["payload_hash"],
                )
                for row in self.rows("reverse_etl_dlq", "resolved_at is null")
            ),
            confirmed=confirmed,
            refused=tried - confirmed,
        )

    def old_ids(self, kind: str) -> frozenset[str]:
        """The records that HubSpot had before the first run."""
        if kind not in self._old_ids:
            self._old_ids[kind] = frozenset(self.hubspot.live(kind))
        return self._old_ids[kind]

    _old_ids: dict[str, frozenset[str]] = field(default_factory=dict)

    def doubled(self) -> list[tuple[str, str]]:
        """Natural ids that more than one live record carries."""
        found = []
        for kind, name in NATURAL_IDS.items():
            keys = Counter(
                properties[name]
                for properties in self.hubspot.live(kind).values()
                if properties.get(name)
            )
            found += [(kind, key) for key, times in keys.items() if times > 1]
        return found

    def assert_whole(self, undisturbed: EndState) -> None:
        """Nothing lost, nothing doubled, nothing left open."""
        assert self.doubled() == []
        differences = self.end_state().differences(undisturbed)
        assert not differences, "\n".join(differences)
        assert self.open_runs() == []
        assert self.rows("reverse_etl_lease")[0]["holder"] is None

    def ledger(self, done: Done) -> dict[str, Row]:
        """What the ledger says of a run, by entity."""
        run_id = done.events[0]["run_id"]
        rows = self.rows("reverse_etl_run_ledger", f"run_id = '{run_id}'")
        return {row["job_type"]: row for row in rows}

    def written(self) -> int:
        """How many records have been written since the state was restored."""
        return len(self.hubspot.writes())

    def open_runs(self) -> list[Row]:
        """Ledger rows of runs that nobody has closed."""
        return self.rows("reverse_etl_run_ledger", "status = 'running' or finished_at is null")


def _told(properties: Mapping[str, Any]) -> str:
    return json.dumps(
        {
            name: value
            for name, value in sorted(properties.items())
            if name not in KEPT_BY_HUBSPOT and value not in (None, "")
        },
        ensure_ascii=False,
    )


@contextlib.contextmanager
def _as_a_process(environ: dict[str, str], out: io.StringIO, err: io.StringIO) -> Iterator[None]:
    """Lends the command what a process has of its own, and takes it back."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    roots = logging.getLogger().handlers
    try:
        with (
            open(os.devnull) as nothing,
            pytest.MonkeyPatch.context() as patch,
            warnings.catch_warnings(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setattr(os, "environ", environ)
            patch.setattr(sys, "stdin", nothing)
            patch.setattr(sys, "excepthook", sys.excepthook)
            patch.setattr(threading, "excepthook", threading.excepthook)
            patch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
            yield
    finally:
        logs._labels.clear()
        logs._last.clear()
        logging.getLogger().handlers = roots
        for number, handler in handlers.items():
            signal.signal(number, handler)
