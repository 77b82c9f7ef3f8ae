"""Fixtures: a real BigQuery emulator, the real HubSpot simulator, and nothing in between."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import duckdb_extensions
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from pusher import logs
from pusher.__main__ import main
from pusher.appender import Appender
from pusher.batches import QueueRow
from pusher.hubspot import HubSpot
from pusher.interrupts import SIGNALS
from pusher.results import Tally
from pusher.settings import Settings
from pusher.ship import Shipper
from pusher.warehouse import Warehouse
from sandbox import emulator as local_bigquery
from sandbox.bigquery import PROJECT
from sandbox.hubspot.client import SETUP_TOKEN, TOKEN, SimulatorControl, SimulatorProcess
from tests.pusher.proxy import FaultyProxy
from tests.pusher.warehouse_schema import TABLES, statements

ROOT = Path(__file__).resolve().parents[2]

Ship = Callable[..., Shipper]


class Done(NamedTuple):
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class World:
    """Both ends of the wire, and shorthands for what tests do with them."""

    bigquery: bigquery.Client
    hubspot: SimulatorControl
    env: dict[str, str]

    def settings(self, **changes: str) -> Settings:
        return Settings.from_environ({**self.env, **changes})

    def query(self, sql: str) -> list[dict[str, Any]]:
        job = self.bigquery.query(sql, retry=None, job_retry=None)
        return [dict(row.items()) for row in job.result(retry=None)]

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        _load(self.bigquery, table, rows)

    def decide(self, *rows: dict[str, Any]) -> None:
        """What SQL is to say is due (or not)."""
        self.insert("decisions", list(rows))

    def push_log(self) -> list[dict[str, Any]]:
        return self.query("select * from etl.reverse_etl_push_log order by natural_key")

    def outcomes(self) -> dict[str, str]:
        return {row["natural_key"]: row["outcome"] for row in self.push_log()}

    def calls(self, name: str) -> int:
        return len(self.query(f"select name from etl.calls where name = '{name}'"))

    def run(self, *arguments: str, **changes: str) -> Done:
        """The command line in this process; `start` makes one of its own, where that matters."""
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        out, err = io.StringIO(), io.StringIO()
        try:
            with (
                open(os.devnull) as nothing,
                pytest.MonkeyPatch.context() as patch,
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                patch.setattr(os, "environ", {**self.env, **changes})
                patch.setattr(sys, "stdin", nothing)
                exit_code = main(arguments)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return Done(exit_code, out.getvalue(), err.getvalue())

    def start(
        self, *arguments: str, stdin: int = subprocess.DEVNULL, **changes: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pusher", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **self.env, **changes},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _load(client: bigquery.Client, table: str, rows: list[dict[str, Any]]) -> None:
    config = bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON", write_disposition="WRITE_APPEND"
    )
    body = "\n".join(json.dumps(row) for row in rows).encode()
    name = f"{PROJECT}.etl.{table}"
    client.load_table_from_file(io.BytesIO(body), name, job_config=config).result()


def events(output: str) -> list[dict[str, Any]]:
    """The JSON log lines of a run."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def upsert(key: str, guard: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """A decision to create a contact (which HubSpot wants a name or an email for)."""
    properties = {"amd_patient_id": key, "firstname": f"N{key}", **properties}
    return _decision(key, "upsert", None, properties, guard)


def refusable(key: str) -> dict[str, Any]:
    """A decision to create a contact of nothing but its key and what HubSpot refuses."""
    properties = {"amd_patient_id": key, "email": "Jane Doe"}
    return _decision(key, "upsert", None, properties, None)


def update(
    key: str, hubspot_id: str, guard: dict[str, Any] | None = None, **properties: Any
) -> dict[str, Any]:
    """A decision to update a contact."""
    return _decision(key, "update", hubspot_id, {"amd_patient_id": key, **properties}, guard)


def _decision(
    key: str,
    operation: str,
    hubspot_id: str | None,
    properties: dict[str, Any],
    guard: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "entity": "patients",
        "state": "create" if operation == "upsert" else "update",
        "source_rows": 1,
        "object_type": "contacts",
        "natural_key": key,
        "record_ref": hashlib.sha256(key.encode()).hexdigest()[:32],
        "operation": operation,
        "hubspot_id": hubspot_id,
        "id_property": "amd_patient_id",
        "properties": json.dumps(properties),
        "payload_hash": hashlib.sha256(json.dumps(properties).encode()).hexdigest()[:32],
        "match_tier": 0 if operation == "update" else None,
        "guard": None if guard is None else json.dumps(guard),
        "is_queued": True,
    }


OBJECTS = [
    {
        "entity": "patients", "object_type": "contacts", "id_property": "amd_patient_id",
        "last_modified_property": "lastmodifieddate", "object_name": "contact",
        "singular_label": "Contact", "plural_label": "Contacts",
        "primary_display_property": "email",
    },
    {
        "entity": "rois", "object_type": "p_roi", "id_property": "roi_id",
        "last_modified_property": "hs_lastmodifieddate", "object_name": "roi",
        "singular_label": "ROI", "plural_label": "ROIs", "primary_display_property": "roi_id",
    },
]  # fmt: skip


def catalogue_property(entity: str, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "entity": entity, "property": name, "label": name.capitalize(),
        "property_type": "string", "field_type": "text", "group_name": "advancedmd",
        "options": None, "is_unique": False, "is_required": False,
        "sensitivity": "non_sensitive", "is_optional": False, **changes,
    }  # fmt: skip


PROPERTIES = [
    catalogue_property("patients", "amd_patient_id", is_unique=True),
    catalogue_property("patients", "email"),
    catalogue_property("patients", "firstname"),
    catalogue_property("patients", "city"),
    catalogue_property("rois", "roi_id", is_unique=True),
    catalogue_property("rois", "roi_type", is_required=True),
]


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """One emulator for all tests of this package."""
    duckdb_extensions.import_extension("spatial")
    local_bigquery.install()
    import logging

    import structlog
    from bqemulator.config import Settings as EmulatorSettings
    from bqemulator.testing._thread_runner import ThreadedEmulator

    server = ThreadedEmulator(
        EmulatorSettings(rest_port=0, grpc_port=0, enable_format_extensions=False)
    )
    server.start()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("uvicorn.access").disabled = True
    yield f"http://127.0.0.1:{server.server.rest_port}"
    server.stop()


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest.fixture(scope="session")
def dataset(emulator: str) -> bigquery.Client:
    """The tables, views and procedures; made once, since that takes seconds."""
    client = bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": emulator},
    )
    client.create_dataset("etl")
    for statement in statements():
        client.query(statement, retry=None, job_retry=None).result(retry=None)
    for table, rows in (("catalogue_objects", OBJECTS), ("catalogue_properties", PROPERTIES)):
        _load(client, table, rows)
    return client


@pytest.fixture
def world(
    emulator: str, dataset: bigquery.Client, simulator: SimulatorProcess, tmp_path: Path
) -> World:
    """Empty tables with the two entities, and an empty portal with their properties."""
    simulator.control.reset(definitions=True)
    simulator.control.set(
        burst_limit=100_000, search_limit=1_000, latency_ms=0, per_record_ms=0, daily_limit=0,
        echo_trace_id=True, shuffle_results=True, clash_with_trace_ids="row",
        merged_in_batch_update="leave_out", update_errors_with_trace_ids="row",
        clock_offset_ms=0, index_lag_ms=0, partial_errors="207", last_page_paging="absent",
        empty_properties="null", identical_write="touch",
    )  # fmt: skip
    env = {
        "GCP_PROJECT_ID": PROJECT,
        "BIGQUERY_EMULATOR_HOST": emulator,
        "HUBSPOT_BASE": simulator.base_url,
        "HUBSPOT_TOKEN": TOKEN,
        "HUBSPOT_SETUP_TOKEN": SETUP_TOKEN,
        "INITIAL_BACKOFF": "0.01",
        "STATE_DIR": str(tmp_path / "state"),
    }
    made = World(dataset, simulator.control, env)
    kept = ("catalogue_objects", "catalogue_properties")
    made.query(
        ";\n".join(f"truncate table etl.{name}" for name in TABLES if name not in kept)
        + ";\ninsert into etl.reverse_etl_lease (lease_name) values ('pusher')"
    )
    return made


@pytest.fixture(scope="session")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a certificate that nobody vouches for, as of a proxy that looks inside."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + key.private_bytes(*private))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def proxy(emulator: str) -> Iterator[FaultyProxy]:
    """In front of BigQuery; whoever is to meet it takes its `url` for BIGQUERY_EMULATOR_HOST."""
    faulty = FaultyProxy(emulator)
    yield faulty
    faulty.close()


@pytest.fixture
def warehouse(world: World) -> Warehouse:
    return Warehouse(world.settings())


@pytest.fixture
def hubspot(world: World) -> HubSpot:
    return HubSpot(world.settings(), TOKEN)


def values(world: World, name: str) -> dict[str, str]:
    """A property of the live contacts by key."""
    live = world.hubspot.live("contacts").values()
    return {str(found.get("amd_patient_id")): str(found.get(name)) for found in live}


def requests(world: World, operation: str) -> int:
    return sum(
        count["count"]
        for count in world.hubspot.request_counts()
        if count["path"].endswith(f"/batch/{operation}")
    )


def row(decision: dict[str, Any]) -> QueueRow:
    """The decision as a row of the queue."""
    return QueueRow(**{name: decision[name] for name in QueueRow._fields})


@pytest.fixture
def ship(world: World, warehouse: Warehouse, hubspot: HubSpot) -> Ship:
    """Ships decisions and waits until their results are in the push log."""

    def run(*decisions: dict[str, Any], size: int = 100, workers: int = 4) -> Shipper:
        appender = Appender(warehouse, spacing=0.05)
        shipper = Shipper(hubspot, appender, Tally(10, 20), "run-1", workers)
        try:
            shipper.run([[tuple(row(decision)) for decision in decisions]], size)
        finally:
            appender.close()
        return shipper

    return run


@pytest.fixture(autouse=True)
def _quiet_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log to nowhere, and give back what `logs.setup` takes over."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.setup("DEBUG", io.StringIO())
    yield
    logs._labels.clear()


@pytest.fixture
def logged() -> Callable[[], str]:
    """What has been logged since, at DEBUG."""
    stream = io.StringIO()
    logs.setup("DEBUG", stream)
    return stream.getvalue
