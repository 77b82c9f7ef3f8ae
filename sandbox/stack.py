"""The whole job on one machine: `with LocalStack() as stack: stack.dbt("build"); stack.pusher()`.

Starts the embedded BigQuery and the HubSpot simulator, and runs the real `dbt` and
`python -m pusher` as subprocesses against them. `python -m sandbox.stack` keeps it running
with sample data and writes the settings to a file, to play with from another terminal.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from sandbox import dbt
from sandbox.bigquery import PROJECT, BigQueryEmulator, Row, Schema, load_rows, run_query
from sandbox.hubspot.client import SETUP_TOKEN, TOKEN, SimulatorControl, SimulatorProcess
from sandbox.sample_data import add_size_arguments, clinic_of, fill

PROJECT_DIR = Path(__file__).resolve().parent.parent
SETTINGS_FILE = PROJECT_DIR / ".local" / "stack.env"

# A developer's own settings must not reach the local stack, nor the other way round.
FOREIGN_SETTINGS = (
    "DBT_", "HUBSPOT_", "BIGQUERY_", "GCP_", "GOOGLE_", "PATIENT_", "ROI_", "BQ_", "RUN_LEDGER_",
    "DLQ_", "ID_MAP_", "CONTROL_", "ALERT_", "SMTP_", "SLACK_",
)  # fmt: skip


# For people, whose machine may be slow: the emulator answers when it is done, and a client that
# asks again has it done twice at once.
PATIENT = {"BQ_TIMEOUT_SECONDS": "600"}


class StackError(RuntimeError):
    """A command of the stack failed; the text ends with its last lines."""


@dataclass(frozen=True)
class Command:
    """What a dbt or pusher subprocess left behind."""

    exit_code: int
    stdout: str
    log_path: Path

    @property
    def events(self) -> list[dict[str, Any]]:
        """The structured log lines."""
        lines = (line for line in self.stdout.splitlines() if line.startswith("{"))
        return [event for event in map(_json_or_none, lines) if event is not None]


class LastParse:
    """What dbt last parsed the project for. It goes on from there only for the same again, since
    dbt misses a changed setting; that is why the project's own parse is thrown away each time."""

    def __init__(self) -> None:
        self._made_for: object = self  # nothing is the same as this

    def option(self, made_for: object) -> str:
        """The option for dbt's next command."""
        is_same, self._made_for = made_for == self._made_for, made_for
        return "--partial-parse" if is_same else "--no-partial-parse"


class LocalStack:
    """Emulator, simulator, and the means to run the job against them."""

    def __init__(
        self,
        *,
        project_dir: Path = PROJECT_DIR,
        work_dir: Path | None = None,
        data_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        simulator_options: Sequence[str] = (),
    ) -> None:
        self.project_dir = project_dir
        self.settings = dict(settings or {})
        self._work_dir = work_dir
        self._data_dir = data_dir
        self._simulator_options = tuple(simulator_options)
        self._exits = ExitStack()
        self._commands = 0
        self._parse = LastParse()

    # ---------- life

    def __enter__(self) -> LocalStack:
        with ExitStack() as exits:
            if self._work_dir is None:
                self._work_dir = Path(exits.enter_context(tempfile.TemporaryDirectory()))
            self.work_dir = self._work_dir
            self.work_dir.mkdir(parents=True, exist_ok=True)
            self.emulator = exits.enter_context(
                BigQueryEmulator(
                    self.gcp_project,
                    log_path=self.work_dir / "bigquery.log",
                    data_dir=self._data_dir,
                )
            )
            self.simulator = exits.enter_context(SimulatorProcess(*self._simulator_options))
            self.bigquery: bigquery.Client = self.emulator.client()
            exits.callback(self.bigquery.close)
            self._make_datasets()
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def reset(self) -> None:
        """Empties BigQuery and HubSpot: as new, without the seconds that a start takes."""
        for dataset in (self.etl, self.amd):
            self.bigquery.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
        self._make_datasets()
        self.hubspot.reset(definitions=True)

    def for_project(self, project_dir: Path) -> LocalStack:
        """The same running stack for another copy of the project."""
        twin = copy.copy(self)
        twin.project_dir = project_dir
        twin.work_dir = project_dir / ".stack"
        twin.work_dir.mkdir()
        twin._exits = ExitStack()
        twin._parse = LastParse()
        return twin

    def _make_datasets(self) -> None:
        for dataset in (self.amd, self.etl):
            self.bigquery.create_dataset(dataset, exists_ok=True)

    # ---------- names

    @property
    def gcp_project(self) -> str:
        return self.settings.get("GCP_PROJECT_ID", PROJECT)

    @property
    def etl(self) -> str:
        return f"{self.gcp_project}.{self.settings.get('BQ_DATASET', 'etl')}"

    @property
    def amd(self) -> str:
        return f"{self.gcp_project}.amd"

    @property
    def hubspot(self) -> SimulatorControl:
        return self.simulator.control

    @property
    def env(self) -> dict[str, str]:
        """The settings of the local stack, as a shell would export them."""
        return {
            "GCP_PROJECT_ID": self.gcp_project,
            "BIGQUERY_EMULATOR_HOST": self.emulator.url,
            "HUBSPOT_BASE": self.simulator.base_url,
            "HUBSPOT_TOKEN": TOKEN,
            "HUBSPOT_SETUP_TOKEN": SETUP_TOKEN,
            "DBT_PROFILES_DIR": str(self.project_dir / "profiles"),
            "STATE_DIR": str(self.work_dir / "state"),
            **self.settings,
        }

    # ---------- BigQuery

    def query(self, sql: str) -> list[dict[str, Any]]:
        return run_query(self.bigquery, sql)

    def create_source(self, table: str, schema: Schema, rows: Iterable[Row]) -> int:
        """Replaces a table of the replicated AdvancedMD data set; returns its rows."""
        return load_rows(self.bigquery, f"{self.amd}.{table}", schema, rows)

    # ---------- the two commands

    def dbt(
        self,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        target_path: Path | None = None,
        check: bool = True,
    ) -> Command:
        """Runs dbt on the project. Its target folder is the stack's, not the checkout's."""
        parse = self._parse.option((target_path, dict(settings or {})))
        target_path = target_path or self.work_dir / "target"
        command = [
            *arguments, parse,
            "--target-path", str(target_path), "--log-path", str(self.work_dir / "dbt-logs"),
        ]  # fmt: skip

        def start(env: Mapping[str, str], log_path: Path) -> int:
            return dbt.run(command, cwd=self.project_dir, env=env, log_path=log_path)

        return self._run("dbt", arguments, start, settings, check)

    def pusher(
        self,
        *arguments: str,
        settings: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Command:
        """Runs `python -m pusher`; its JSON log lines are the result's `events`."""

        def start(env: Mapping[str, str], log_path: Path) -> int:
            with log_path.open("wb") as log:
                done = subprocess.run(
                    [sys.executable, "-m", "pusher", *arguments],
                    cwd=self.project_dir,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
            return done.returncode

        return self._run("pusher", arguments, start, settings, check)

    def _run(
        self,
        name: str,
        arguments: Sequence[str],
        start: Callable[[Mapping[str, str], Path], int],
        settings: Mapping[str, str] | None,
        check: bool,
    ) -> Command:
        self._commands += 1
        log_path = self.work_dir / f"{self._commands:03d}-{name}.log"
        exit_code = start(_clean_environment() | self.env | dict(settings or {}), log_path)
        output = log_path.read_text(encoding="utf-8", errors="replace")
        result = Command(exit_code=exit_code, stdout=output, log_path=log_path)
        if check and result.exit_code != 0:
            tail = "\n".join(output.splitlines()[-40:])
            what = shlex.join([name, *arguments])
            raise StackError(f"{what} ended with {result.exit_code}:\n{tail}")
        return result


def _clean_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)
    }


def _json_or_none(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stack", description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="keep BigQuery's data here (default: memory)")
    add_size_arguments(parser)
    parser.add_argument("--empty", action="store_true", help="no sample data")
    arguments = parser.parse_args()

    # SIGTERM ends it the way Ctrl-C does, so that its processes go with it; and a shell that
    # starts it in the background would have it ignore Ctrl-C's signal.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    print("Starting the local BigQuery and HubSpot…", file=sys.stderr, flush=True)
    try:
        with LocalStack(data_dir=arguments.data_dir, settings=PATIENT) as stack:
            if not arguments.empty:
                print("Filling the local BigQuery and HubSpot…", file=sys.stderr, flush=True)
                clinic = clinic_of(arguments)
                print(
                    fill(
                        stack.bigquery,
                        stack.hubspot,
                        stack.gcp_project,
                        clinic,
                        text=arguments.text,
                    ),
                    file=sys.stderr,
                )
            with settings_file(stack.env) as path:
                print(
                    f"The local stack is running; Ctrl-C ends it. In another terminal:\n\n"
                    f"    source .venv/bin/activate; source {path.relative_to(PROJECT_DIR)}\n"
                    "    dbt build && python -m pusher initial-load\n"
                    "    python -m sandbox.query 'select * from etl.sync_status limit 10'",
                    flush=True,
                )
                signal.pause()
    except KeyboardInterrupt:
        print("\nThe local stack has ended.")
    return 0


@contextmanager
def settings_file(env: Mapping[str, str], path: Path = SETTINGS_FILE) -> Iterator[Path]:
    """The settings as a file to source, which takes back all others. It goes with the stack, since
    what it names is gone then."""
    example = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
    names = ["TARGET", *re.findall(r"^# ([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)]
    lines = [f"unset {name} DBT_{name}" for name in names]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in env.items()]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
