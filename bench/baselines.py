"""What people would use instead, against a simulator of the same latency and limits."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from bench.process import BenchError, Cost, measure
from bench.results import Results
from bench.world import PORTAL, WIDE, Traffic
from sandbox.hubspot.client import TOKEN, SimulatorProcess
from sandbox.sample_data import Clinic
from sandbox.stack import PROJECT_DIR

SECTION = "instead"
VENV = PROJECT_DIR / ".local" / "bench-venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PROPERTIES = {
    "amd_patient_id": "ID",
    "email": "Email",
    "firstname": "FirstName",
    "lastname": "LastName",
    "ncf_date_of_birth": "DOB",
    "address": "Address1",
    "city": "City",
    "state": "State",
    "zip": "Zipcode",
    "phone": "HomePhone",
}

PLAIN_LACKS = (
    "Official client: matches relatives who share an address, so that it may overwrite one new "
    "patient with the next; no normalising, no ambiguity check, no protection of what staff did, "
    "no ROIs here, no limiter, no resume; the same work again every night."
)
DRT_LACKS = (
    "drt-core: contacts by email only, no matching tiers, no custom objects, no diff against "
    "HubSpot, no protection of what staff did; the same work again every night. As shipped it "
    "sends 9 requests a second at most; its rows come from SQLite, for want of a way into the "
    "local BigQuery."
)


def patients(count: int) -> list[dict[str, str]]:
    """One row a patient, with a usable email that nobody else has, as contact properties."""
    seen: set[object] = set()

    def usable(row: dict[str, object]) -> bool:
        email = str(row["Email"] or "").strip().lower()
        is_usable = "@" in email and ";" not in email and bool(row["FirstName"])
        is_new = row["ID"] is not None and not seen & {email, row["ID"]}
        seen.update((email, row["ID"]))
        return is_usable and is_new

    rows = islice(filter(usable, Clinic(patients=count * 2 + 50).patient_rows()), count)
    return [
        {name: str(row[column]).strip() for name, column in PROPERTIES.items() if row[column]}
        for row in rows
    ]


def run(results: Results, folder: Path, records: int) -> None:
    """Both at once, each with a simulator of its own: they do nothing but wait for answers."""
    rows = patients(records)
    with ThreadPoolExecutor(2) as pool:
        plain = pool.submit(_plain, folder, rows)
        drt = pool.submit(_drt, folder, rows)
    for name, lacks, future in (
        ("official client, record by record", PLAIN_LACKS, plain),
        ("drt-core 1.2.1", DRT_LACKS, drt),
    ):
        try:
            rounds = future.result()
        except (BenchError, subprocess.CalledProcessError, OSError) as error:
            results.missing(SECTION, name, f"could not be run: {str(error).splitlines()[0]}")
            continue
        for state, (cost, traffic) in zip(("new", "existing"), rounds, strict=True):
            what = f"{name}, {records} {state}"
            first = min(entry["received_monotonic"] for entry in traffic.entries)
            last = max(entry["answered_monotonic"] for entry in traffic.entries)
            done = sum(entry["status"] < 300 for entry in traffic.writes)
            results.add(SECTION, f"{what}: rate", "records/s", [done / (last - first)],
                        note=lacks)  # fmt: skip
            results.add(SECTION, f"{what}: not written", "", [records - done])
            results.add(SECTION, f"{what}: requests", "per record",
                        [len(traffic.entries) / records])  # fmt: skip
            results.add(SECTION, f"{what}: CPU", "µs per record",
                        [cost.cpu_seconds / records * 1e6], note="start-up included")  # fmt: skip


Round = tuple[Cost, Traffic]


def _twice(send: Callable[[SimulatorProcess, Path], Cost], folder: Path) -> list[Round]:
    """Into an empty portal, and again now that every record exists."""
    rounds: list[Round] = []
    with SimulatorProcess(*PORTAL, *WIDE) as simulator:
        for number in range(2):
            simulator.control.clear_requests()
            cost = send(simulator, folder / f"baseline-{number}")
            rounds.append((cost, Traffic(simulator.control.request_entries())))
    return rounds


def _plain(folder: Path, rows: list[dict[str, str]]) -> list[Round]:
    source = folder / "plain.json"
    source.write_text(json.dumps(rows), encoding="utf-8")

    def send(simulator: SimulatorProcess, log: Path) -> Cost:
        return measure(
            [sys.executable, "-m", "bench.plain_client", str(source)],
            cwd=PROJECT_DIR,
            env={"HUBSPOT_BASE": simulator.base_url, "HUBSPOT_TOKEN": TOKEN},
            log=log.with_name(f"{log.name}-plain.log"),
        )

    return _twice(send, folder)


def _drt(folder: Path, rows: list[dict[str, str]]) -> list[Round]:
    python = _install()
    project = folder / "drt"
    (project / "syncs").mkdir(parents=True)
    home = folder / "home"
    (home / ".drt").mkdir(parents=True)
    names = list(PROPERTIES)
    warehouse = sqlite3.connect(project / "warehouse.sqlite")
    with warehouse:
        warehouse.execute(f"create table contacts ({', '.join(names)})")
        warehouse.executemany(
            f"insert into contacts values ({', '.join('?' * len(names))})",
            [[row.get(name) for name in names] for row in rows],
        )
    warehouse.close()
    # JSON is YAML as well. The template sends what the plain algorithm sends.
    template = ", ".join(f'"{name}": {{{{ (row.{name} or "") | tojson }}}}' for name in names)
    documents = {
        home / ".drt" / "profiles.yml": {
            "local": {"type": "sqlite", "database": str(project / "warehouse.sqlite")}
        },
        project / "drt_project.yml": {"name": "bench", "version": "0.1", "profile": "local"},
        project / "syncs" / "contacts.yml": {
            "name": "contacts",
            "model": "select * from contacts",
            "destination": {
                "type": "hubspot",
                "object_type": "contacts",
                "id_property": "email",
                "properties_template": f"{{{template}}}",
                "auth": {"type": "bearer", "token_env": "HUBSPOT_TOKEN"},
            },
            "sync": {"mode": "full", "batch_size": 100, "on_error": "skip"},
        },
    }
    for path, document in documents.items():
        path.write_text(json.dumps(document), encoding="utf-8")

    def send(simulator: SimulatorProcess, log: Path) -> Cost:
        return measure(
            [str(python), str(Path(__file__).with_name("drt_launcher.py")), "run"],
            cwd=project,
            env={
                "HOME": str(home),
                "DO_NOT_TRACK": "1",
                "HUBSPOT_BASE": simulator.base_url,
                "HUBSPOT_TOKEN": TOKEN,
            },
            log=log.with_name(f"{log.name}-drt.log"),
            check=False,  # it exits with 1 where a row was refused; the log of requests says more
        )

    return _twice(send, folder)


def _install() -> Path:
    """drt-core in an environment of its own, made once."""
    python = VENV / "bin" / "python"
    stamp = VENV / ".installed"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(VENV, with_pip=True, clear=True)
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)],
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stamp.write_text(wanted, encoding="utf-8")
    return python
