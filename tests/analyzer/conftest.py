from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from unittest import mock

import pytest

from pusher.__main__ import main as pusher
from pusher.interrupts import SIGNALS
from sandbox.sample_data import Clinic, fill
from sandbox.stack import LocalStack
from tests.analyzer.compiled import Project
from tests.analyzer.googlesql import google_sql
from tests.analyzer.local_dbt import PROJECT_DIR, LocalDbt, local_dbt
from tests.analyzer.recorder import Sent, recording
from tests.analyzer.replay import Replayed, replay

SMALL_CLINIC = Clinic(patients=30, rois=20, contacts=20)


@dataclass
class Warehouse:
    """A warehouse after some nights of work, and every statement that was sent to it."""

    dbt: LocalDbt
    settings: Mapping[str, str]
    history: list[Sent] = field(default_factory=list)

    def run_dbt(self, *arguments: str) -> None:
        with recording(f"dbt {arguments[0]}", self.history):
            self.dbt(*arguments, settings=self.settings)

    def run_pusher(self, *arguments: str) -> int:
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        environment = self.dbt.environment(self.settings)
        with (
            recording(f"pusher {' '.join(arguments)}", self.history),
            mock.patch.dict(os.environ, environment, clear=True),
            open(os.devnull) as nothing,
            mock.patch("sys.stdin", nothing),
        ):
            try:
                return pusher(list(arguments))
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """First build and first push, every other command, then a delta: all statements there are."""
    work_dir = tmp_path_factory.mktemp("warehouse")
    with LocalStack(work_dir=work_dir) as stack:
        dbt = LocalDbt(stack.emulator, work_dir)
        history = Warehouse(dbt, stack.env)
        with recording("sample data", history.history):
            fill(stack.bigquery, stack.hubspot, stack.gcp_project, SMALL_CLINIC)
        history.run_dbt("build", "--exclude-resource-type", "unit_test")
        for command in (
            ["setup"],
            ["check"],
            ["preview"],
            [],
            ["mirror"],
            ["mirror", "--full"],
            ["replay", "--all"],
            ["forget", str(next(iter(SMALL_CLINIC.patient_rows()))["ID"])],
            ["status"],
        ):
            exit_code = history.run_pusher(*command)

            assert exit_code == 0, f"pusher {command} ended with {exit_code}"
        history.run_dbt("run", "--select", "config.materialized:incremental")
        yield history


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project, to be compiled for any shape of the source."""
    with local_dbt(tmp_path_factory.mktemp("project")) as dbt:
        yield Project(dbt, google_sql().copy())


@pytest.fixture(scope="session")
def replayed(warehouse: Warehouse) -> Replayed:
    """Google's view of that warehouse: the tables that its history made, and what it refused."""
    catalog = google_sql().copy()
    for seed in (PROJECT_DIR / "seeds").glob("*.csv"):
        # Seeds come by load jobs, and those are no SQL.
        catalog.add_table(f"etl.{seed.stem}", warehouse.dbt.columns("etl", seed.stem))
    return replay(catalog, warehouse.history)
