"""dbt inside this process against an embedded BigQuery: no seconds lost on starting Python."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from dbt.cli.main import dbtRunner, dbtRunnerResult

from sandbox.bigquery import BigQueryEmulator, Row, Schema, load_rows, run_query
from sandbox.stack import FOREIGN_SETTINGS, LastParse

PROJECT_DIR = Path(__file__).resolve().parents[2]


class DbtError(AssertionError):
    """A dbt command failed where the test needs it to work."""


class LocalDbt:
    """dbt on this project and one emulator, with settings that each call may add to."""

    def __init__(
        self, emulator: BigQueryEmulator, work_dir: Path, project_dir: Path = PROJECT_DIR
    ) -> None:
        self.emulator = emulator
        self.client = emulator.client()
        self.work_dir = work_dir
        self._project_dir = project_dir
        self._parse = LastParse()
        for dataset in ("amd", "etl"):
            self.client.create_dataset(f"{emulator.project}.{dataset}", exists_ok=True)

    def __call__(self, *arguments: str, settings: Mapping[str, str] | None = None) -> Any:
        """The results of a dbt command; DbtError with dbt's own words where it failed."""
        outcome = self.invoke(*arguments, settings=settings)
        if outcome.exception is not None:
            raise DbtError(f"dbt {' '.join(arguments)}: {outcome.exception}")
        if not outcome.success:
            failures = [
                f"{result.node.unique_id}: {result.status}: {result.message}"
                for result in getattr(outcome.result, "results", [])
                if str(result.status) not in ("success", "pass", "warn", "skipped")
            ]
            raise DbtError(f"dbt {' '.join(arguments)}:\n" + "\n".join(failures))
        return outcome.result

    def invoke(self, *arguments: str, settings: Mapping[str, str] | None = None) -> dbtRunnerResult:
        parse = self._parse.option(settings)
        with mock.patch.dict(os.environ, self.environment(settings), clear=True):
            return dbtRunner().invoke(
                [
                    *arguments,
                    "--quiet",
                    parse,
                    "--project-dir", str(self._project_dir),
                    "--target-path", str(self.work_dir / "target"),
                    "--log-path", str(self.work_dir / "logs"),
                ]
            )  # fmt: skip

    def environment(self, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a command of the project sees: this emulator, and no setting but those given."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN_SETTINGS)
        }
        return inherited | {
            "GCP_PROJECT_ID": self.emulator.project,
            "BIGQUERY_EMULATOR_HOST": self.emulator.url,
            "DBT_PROFILES_DIR": str(PROJECT_DIR / "profiles"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            **(settings or {}),
        }

    def render(self, texts: Sequence[str]) -> list[str]:
        """Compiled SQL of each text. All in one go, since dbt parses the project for each call."""
        mark = "/* next */"
        compiled = self("compile", "--inline", mark.join(texts)).results[0].node.compiled_code
        return str(compiled).split(mark)

    def query(self, sql: str) -> list[dict[str, Any]]:
        return run_query(self.client, sql)

    def columns(self, dataset: str, table: str) -> list[tuple[str, str]]:
        """Names and types of a table's columns, in order."""
        rows = self.query(
            "select column_name, data_type, ordinal_position"
            f" from {dataset}.INFORMATION_SCHEMA.COLUMNS where table_name = '{table}'"
        )
        rows.sort(key=lambda row: row["ordinal_position"])
        return [(row["column_name"], row["data_type"]) for row in rows]

    def load(self, table: str, schema: Schema, rows: list[Row]) -> None:
        load_rows(self.client, f"{self.emulator.project}.{table}", schema, rows)


@contextmanager
def local_dbt(work_dir: Path, project_dir: Path = PROJECT_DIR) -> Iterator[LocalDbt]:
    with BigQueryEmulator(log_path=work_dir / "bigquery.log") as emulator:
        dbt = LocalDbt(emulator, work_dir, project_dir)
        try:
            yield dbt
        finally:
            dbt.client.close()
