"""One clinic of some size on the local stack, and the commands that are measured on it."""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.process import Cost, measure
from sandbox.sample_data import Clinic, fill
from sandbox.stack import LocalStack

# Refused values are made up for in halves and quarters of their batch: another question than
# how fast good ones go. Here HubSpot takes every value.
PORTAL = ("--settings", '{"invalid_tlds": []}', "--daily", "0")
# The latency of a busy portal; an account of a paid tier there, and one of the lowest.
LATENCY_MS, PER_RECORD_MS = 300, 5
BUSY = ("--latency-ms", str(LATENCY_MS), "--per-record-ms", str(PER_RECORD_MS))
WIDE = ("--burst", "190", *BUSY)
NARROW = ("--burst", "100", *BUSY)
# The same, answered at once: what takes memory then is not the waiting.
PROMPT = ("--burst", "190", "--search-limit", "0")
# More than can be used; without any limit there would be no header to learn one from.
UNLIMITED = ("--burst", "5000", "--search-limit", "0")
WINDOW_SECONDS = 10.0
FORGOTTEN = (
    "hubspot_mirror",
    "hubspot_mirror_state",
    "hubspot_merges",
    "hubspot_id_map",
    "reverse_etl_push_log",
    "reverse_etl_run_ledger",
    "reverse_etl_dlq",
)


@dataclass(frozen=True)
class Traffic:
    """Requests as the simulator logged them."""

    entries: list[dict[str, Any]]

    @property
    def writes(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["is_write"]]

    @property
    def records(self) -> int:
        return sum(entry["records"] for entry in self.writes if entry["status"] < 300)

    @property
    def shipping(self) -> list[dict[str, Any]]:
        """Writes and the reads that guard them, retries included, as they arrived."""
        return sorted(
            (entry for entry in self.entries if _is_shipping(entry)),
            key=lambda entry: entry["received_monotonic"],
        )

    @property
    def rate(self) -> float:
        """Records a second from the first request sent to the last one answered."""
        shipping = self.shipping
        if not shipping:
            return 0.0
        ended = max(entry["answered_monotonic"] for entry in shipping)
        return float(self.records / (ended - shipping[0]["received_monotonic"]))

    @property
    def steady_rate(self) -> float:
        """The same to the last one sent: without the wait for the last answer."""
        shipping = self.shipping
        if len(shipping) < 2:
            return 0.0
        took = shipping[-1]["received_monotonic"] - shipping[0]["received_monotonic"]
        last = shipping[-1]["records"] if shipping[-1]["is_write"] else 0
        return float((self.records - last) / took)

    @property
    def late_429s(self) -> int:
        """Refusals for too many requests once the limit must be known."""
        first = min((entry["received_monotonic"] for entry in self.writes), default=0.0)
        return sum(
            entry["status"] == 429 and entry["received_monotonic"] > first + WINDOW_SECONDS
            for entry in self.entries
        )


def _is_shipping(entry: dict[str, Any]) -> bool:
    return bool(entry["is_write"]) or str(entry["path"]).endswith("/batch/read")


@dataclass(frozen=True)
class Push:
    """One run of the pusher, from both sides."""

    cost: Cost
    traffic: Traffic


class World:
    """A local stack with a clinic in it."""

    def __init__(self, folder: Path, clinic: Clinic, options: tuple[str, ...]) -> None:
        self.clinic = clinic
        self._options = options
        self._numbers = itertools.count(1)
        self.folder = folder
        # The local BigQuery does a statement's work within its request: minutes, at such sizes.
        settings = {"BQ_TIMEOUT_SECONDS": "900"}
        self.stack = LocalStack(
            work_dir=folder, settings=settings, simulator_options=(*PORTAL, *options)
        )

    def __enter__(self) -> Self:
        self.stack.__enter__()
        self.fill()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stack.__exit__(kind, error, trace)

    def fill(self) -> None:
        stack = self.stack
        fill(stack.bigquery, stack.hubspot, stack.gcp_project, self.clinic)
        stack.hubspot.snapshot("filled")

    def limits(self, burst: int, latency_ms: float, per_record_ms: float, search: int = 5) -> None:
        """Another HubSpot account from here on."""
        self.stack.hubspot.set(
            burst_limit=burst,
            latency_ms=latency_ms,
            per_record_ms=per_record_ms,
            search_limit=search,
        )

    def forget(self) -> None:
        """As if nothing had ever been pushed; what dbt has built stays."""
        for table in FORGOTTEN:
            self.stack.query(f"delete from `{self.stack.etl}.{table}` where true")
        self.stack.hubspot.restore_snapshot("filled")

    def change(self, times: int = 1) -> None:
        """Another phone for every patient, another fax for every ROI: all of them are due."""
        stack = self.stack
        stack.query(
            f"""update `{stack.amd}.PatientsWithStatistics` set
            HomePhone = concat('(303) 555-', cast({1000 + times} as string)),
            updated_at = current_timestamp() where true"""
        )
        stack.query(
            f"""update `{stack.amd}.ROIs` set
            Fax = concat('(303) 556-', cast({1000 + times} as string)),
            updated_at = current_timestamp() where true"""
        )

    def build(self, *arguments: str) -> Cost:
        return self._run("dbt", str(Path(sys.executable).with_name("dbt")), "build", *arguments,
                         "--target-path", str(self.folder / "target"),
                         "--log-path", str(self.folder / "dbt-logs"))  # fmt: skip

    def layers(self) -> dict[str, float]:
        """Execution seconds of the latest build by layer: a model's folder, seeds, tests, hooks."""
        target = self.folder / "target"
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
        seconds: Counter[str] = Counter()
        for result in results["results"]:
            kind = result["unique_id"].partition(".")[0]
            node = manifest["nodes"].get(result["unique_id"])
            layer = node["fqn"][1] if kind == "model" and node else kind
            seconds[layer] += result["execution_time"]
        return {layer: round(took, 2) for layer, took in seconds.items() if took}

    def push(self, *arguments: str) -> Push:
        self.stack.hubspot.clear_requests()
        cost = self._run("pusher", sys.executable, "-m", "pusher", *arguments)
        return Push(cost, Traffic(self.stack.hubspot.request_entries()))

    def _run(self, name: str, *command: str) -> Cost:
        return measure(
            command,
            cwd=self.stack.project_dir,
            env=self.stack.env,
            log=self.folder / f"bench-{next(self._numbers):03d}-{name}.log",
        )
