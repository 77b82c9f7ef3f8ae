"""The embedded BigQuery: one bqemulator process on free loopback ports.

The real dbt-bigquery and google-cloud-bigquery talk to it over HTTP; nothing is faked in
between. It lives in memory unless a data directory is given, and ends with its context.
"""

from __future__ import annotations

import io
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import duckdb_extensions
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from sandbox.emulator import STOP_WITH_PARENT

PROJECT = "local-clinic"  # of no real project: exported, the name must lead nowhere

Row = Mapping[str, Any]
Schema = Sequence[tuple[str, str]]

# One load job a chunk: a million rows never have to be in memory at once.
ROWS_PER_LOAD = 20_000


class EmulatorError(RuntimeError):
    """The emulator did not start; the text names its log."""


class BigQueryEmulator:
    """Context manager around the emulator process; ready for queries once entered."""

    def __init__(
        self,
        project: str = PROJECT,
        *,
        log_path: Path,
        data_dir: Path | None = None,
        rest_port: int = 0,
        start_seconds: float = 90,
    ) -> None:
        self.project = project
        self.log_path = log_path
        self.url = ""
        self._data_dir = data_dir
        self._rest_port = rest_port
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise EmulatorError("the emulator is not running")
        return self._process.pid

    def __enter__(self) -> BigQueryEmulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        # The emulator wants DuckDB's spatial extension and would try to download it; the wheel
        # that carries it puts it in place, offline.
        duckdb_extensions.import_extension("spatial")
        command = [
            sys.executable, "-m", "sandbox.emulator", "start",
            "--rest-port", str(self._rest_port), "--grpc-port", "0",
            "--project", self.project, "--log-format", "json", "--log-level", "info",
        ]  # fmt: skip
        if self._data_dir is None:
            command.append("--ephemeral")
        else:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            command += ["--persistent", "--data-dir", str(self._data_dir)]
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE,
            text=True,
            errors="replace",
            # Its own group, so that Ctrl-C reaches the owner first, which then stops it in order.
            start_new_session=True,
            # The avro extension has no wheel and would be downloaded.
            env=os.environ
            | {"BQEMU_ENABLE_FORMAT_EXTENSIONS": "false", "TZ": "UTC", STOP_WITH_PARENT: "1"},
            cwd=Path(__file__).resolve().parent.parent,
        )
        deadline = time.monotonic() + self._start_seconds
        try:
            port = self._await_port(deadline)
            self.url = f"http://127.0.0.1:{port}"
            remaining = max(1.0, deadline - time.monotonic())
            requests.get(f"{self.url}/readyz", timeout=remaining).raise_for_status()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Asks it to end, and kills it (this process alone) where it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=15)
        self._process = None

    def client(self) -> bigquery.Client:
        return local_client(self.url, self.project)

    def _await_port(self, deadline: float) -> int:
        """The port is the emulator's choice, so its log is the only place to learn it."""
        assert self._process is not None
        assert self._process.stdout is not None
        ports: queue.Queue[int | None] = queue.Queue()
        threading.Thread(
            target=_copy_log, args=(self._process.stdout, self.log_path, ports), daemon=True
        ).start()
        try:
            port = ports.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise EmulatorError(
                f"bqemulator did not listen within {self._start_seconds:.0f} s; see {self.log_path}"
            ) from None
        if port is None:
            raise EmulatorError(f"bqemulator ended while starting; see {self.log_path}")
        return port


def _copy_log(lines: IO[str], log_path: Path, ports: queue.Queue[int | None]) -> None:
    """Copies the emulator's output to its log, and reports the port when it names it."""
    with log_path.open("w", encoding="utf-8") as log:
        for line in lines:
            log.write(line)
            log.flush()
            if '"rest.listen"' in line:
                ports.put(int(json.loads(line)["port"]))
    ports.put(None)


def local_client(url: str, project: str) -> bigquery.Client:
    return bigquery.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )


def run_query(client: bigquery.Client, sql: str) -> list[dict[str, Any]]:
    """Rows of one statement. No retries: the emulator's 500 means "cannot read this"."""
    job = client.query(sql, retry=None, job_retry=None)
    return [dict(row.items()) for row in job.result(retry=None)]


def load_rows(client: bigquery.Client, table: str, schema: Schema, rows: Iterable[Row]) -> int:
    """Makes the table anew and streams the rows into it; returns how many there were."""
    columns = ", ".join(f"`{name}` {column_type}" for name, column_type in schema)
    # Dropped first: BigQuery replaces no table by one that is laid out otherwise.
    run_query(client, f"drop table if exists `{table}`")
    run_query(client, f"create table `{table}` ({columns})")
    return append_rows(client, table, schema, rows)


def append_rows(client: bigquery.Client, table: str, schema: Schema, rows: Iterable[Row]) -> int:
    """Appends rows by load jobs (newline-delimited JSON), ROWS_PER_LOAD at a time."""
    config = bigquery.LoadJobConfig(
        schema=[bigquery.SchemaField(name, column_type) for name, column_type in schema],
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
    )
    count = 0
    for chunk, size in _ndjson_chunks(rows):
        client.load_table_from_file(chunk, table, job_config=config).result()
        count += size
    return count


def _ndjson_chunks(rows: Iterable[Row]) -> Iterator[tuple[io.BytesIO, int]]:
    encode = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode
    lines: list[str] = []
    for row in rows:
        lines.append(encode(row))
        if len(lines) == ROWS_PER_LOAD:
            yield io.BytesIO("\n".join(lines).encode()), len(lines)
            lines = []
    # An empty file is refused by the emulator, and loads nothing anyway.
    if lines:
        yield io.BytesIO("\n".join(lines).encode()), len(lines)
