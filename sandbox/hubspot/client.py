"""Starts the simulator from Python and drives its control API."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

TOKEN = "pat-local-test"
SETUP_TOKEN = "pat-local-setup"
_REPOSITORY = Path(__file__).resolve().parents[2]


class SimulatorControl:
    """The control API of a running simulator, with typed methods."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        # A proxy of the environment has no business between two local processes.
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    # The portal ----------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        return self._call("GET", "health")

    def settings(self) -> dict[str, Any]:
        return self._call("GET", "settings")

    def set(self, **settings: Any) -> dict[str, Any]:
        """Change settings at run time; all or none."""
        return self._call("POST", "settings", settings)

    def reset(self, keep: Iterable[str] = (), *, definitions: bool = False) -> dict[str, Any]:
        """Forget records, requests, faults and limits, save what `keep` names.

        With `definitions` the object types and properties are those of the start again.
        """
        return self._call("POST", "reset", {"keep": list(keep), "definitions": definitions})

    def snapshot(self, name: str = "") -> None:
        """Remember all definitions and records under a name."""
        self._call("POST", "snapshot", {"name": name})

    def restore_snapshot(self, name: str = "") -> None:
        """Back to a snapshot, next record ids included."""
        self._call("POST", "snapshot/restore", {"name": name})

    def provision(
        self,
        objects: list[dict[str, Any]] | None = None,
        properties: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Create the properties of catalogue rows, or the built-in ones."""
        body = {"objects": objects, "properties": properties} if objects else {}
        return self._call("POST", "provision", body)

    def put_property(self, object_type: str, **definition: Any) -> dict[str, Any]:
        """Set (parts of) a property's definition, `hasUniqueValue` and `rules` (arguments by rule
        type) included."""
        return self._call("POST", f"properties/{object_type}", definition)

    def delete_property(self, object_type: str, name: str) -> bool:
        return bool(self._call("DELETE", f"properties/{object_type}/{name}")["deleted"])

    # Records -------------------------------------------------------------------------------------

    def load(
        self,
        object_type: str,
        records: Iterable[dict[str, Any]],
        *,
        validate: bool = True,
        ids: bool = True,
        chunk: int = 20_000,
    ) -> list[str]:
        """Bulk load `{"id"?, "properties", …}` records; their ids, where asked for."""
        found: list[str] = []
        for rows in _chunks(records, chunk):
            text = "\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
            answer = self._answer(
                "POST",
                f"records/{object_type}?validate={str(validate).lower()}&ids={str(ids).lower()}",
                data=text.encode(),
                headers={"Content-Type": "application/x-ndjson"},
            ).json()
            if ids:
                found.extend(answer["ids"])
        return found

    def add(self, object_type: str, **properties: Any) -> str:
        """One record; its id."""
        return self.load(object_type, [{"properties": properties}])[0]

    def records(self, object_type: str) -> Iterator[dict[str, Any]]:
        """Everything the portal holds: live, archived, and merged-away ids (`mergedInto`)."""
        yield from self._lines(f"state/{object_type}")

    def live(self, object_type: str) -> dict[str, dict[str, Any]]:
        """The properties of the live records by id."""
        return {
            record["id"]: record["properties"]
            for record in self.records(object_type)
            if record.get("archived") is False
        }

    def record(self, object_type: str, record_id: str | int) -> dict[str, Any] | None:
        found = self._call("GET", f"records/{object_type}/{record_id}")
        return found if found.pop("found") else None

    def edit(self, object_type: str, record_id: str | int, **properties: Any) -> dict[str, Any]:
        """A staff edit."""
        return self._call("PATCH", f"records/{object_type}/{record_id}", {"properties": properties})

    def merge(self, primary: str | int, secondary: str | int, object_type: str = "contacts") -> str:
        """Merge two records; the id of the survivor (a new one by default)."""
        body = {"object_type": object_type, "primary": primary, "secondary": secondary}
        return str(self._call("POST", "merge", body)["id"])

    def archive(self, *ids: str | int, object_type: str = "contacts") -> int:
        body = {"object_type": object_type, "ids": list(ids)}
        return int(self._call("POST", "archive", body)["done"])

    def gdpr_delete(self, *ids: str | int, object_type: str = "contacts") -> int:
        body = {"object_type": object_type, "ids": list(ids)}
        return int(self._call("POST", "gdpr_delete", body)["done"])

    def restore(self, *ids: str | int, object_type: str = "contacts") -> int:
        body = {"object_type": object_type, "ids": list(ids)}
        return int(self._call("POST", "restore", body)["done"])

    # The log -------------------------------------------------------------------------------------

    def request_counts(self) -> list[dict[str, Any]]:
        """Counts by method, path template, version, object type and status."""
        counts: list[dict[str, Any]] = self._call("GET", "requests")["counts"]
        return counts

    def request_total(self) -> int:
        return int(self._call("GET", "requests")["total"])

    def request_entries(self, *, since: int = 0, writes: bool = False) -> list[dict[str, Any]]:
        """The requests one by one, with their times."""
        return list(self._lines(f"requests/entries?since={since}&writes={str(writes).lower()}"))

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """Every record write: id, operation and property names."""
        return list(self._lines(f"writes?since={since}"))

    def clear_requests(self) -> None:
        self._call("DELETE", "requests")

    # Faults --------------------------------------------------------------------------------------

    def fault(
        self, kind: str, *, match: dict[str, Any] | None = None, times: int = 1, **arguments: Any
    ) -> int:
        """Order one fault; its rule id."""
        rule = {"kind": kind, "match": match or {}, "times": times, **arguments}
        return int(self._call("POST", "faults", rule)["rules"][0]["id"])

    def faults(self, rules: list[dict[str, Any]]) -> list[int]:
        """Order several faults; requests meet them in this order."""
        ordered = self._call("POST", "faults", {"rules": rules})["rules"]
        return [int(rule["id"]) for rule in ordered]

    def fired(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "faults")["fired"]
        return found

    def fault_rules(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "faults")["rules"]
        return found

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def wait_fired(self, name: str, count: int = 1, timeout: float = 30) -> bool:
        """Block until the rules of this name have fired so often."""
        path = f"faults/wait?name={name}&count={count}&timeout={timeout}"
        return bool(self._answer("GET", path, timeout=timeout + 10).json()["fired"])

    def release(self, name: str) -> None:
        """Let the requests go on that a `hold` (or a stall) of this name keeps waiting."""
        self._call("POST", "faults/release", {"name": name})

    # Plumbing ------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._answer(method, path, json=body).json()
        return answer

    def _answer(
        self, method: str, path: str, *, timeout: float = 120, **more: Any
    ) -> requests.Response:
        response = self._session.request(
            method, f"{self.base_url}/_sim/{path}", timeout=timeout, **more
        )
        if response.status_code != 200:
            raise RuntimeError(f"{method} /_sim/{path.partition('?')[0]}: {response.text[:500]}")
        return response

    def _lines(self, path: str) -> Iterator[dict[str, Any]]:
        with self._answer("GET", path, stream=True) as response:
            # Much faster than iter_lines on a million lines.
            rest = b""
            for part in response.iter_content(1 << 18):
                *lines, rest = (rest + part).split(b"\n")
                yield from map(json.loads, lines)


class SimulatorProcess:
    """A simulator in a process of its own; ends with the `with` block, or with its parent."""

    def __init__(self, *options: str, startup_timeout: float = 30) -> None:
        self._options = options
        self._startup_timeout = startup_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self.base_url = ""
        self.port = 0
        self.control: SimulatorControl

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the simulator is not running")
        return self._process.pid

    def start(self) -> Self:
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "sandbox.hubspot",
                    "--exit-on-stdin-eof",
                    "--ready-fd",
                    str(writing),
                    *self._options,
                ],
                cwd=_REPOSITORY,
                stdin=subprocess.PIPE,
                pass_fds=(writing,),
            )
        finally:
            os.close(writing)
        try:
            ready = _read_line(reading, self._startup_timeout)
        finally:
            os.close(reading)
        if not ready:
            self.stop()
            raise RuntimeError("the simulator did not start")
        self.port = int(json.loads(ready)["port"])
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.control = SimulatorControl(self.base_url)
        return self

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _read_line(descriptor: int, timeout: float) -> bytes:
    """One line from a pipe; nothing when the writer died or the time is up."""
    deadline = time.monotonic() + timeout
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not found.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return b""
            part = os.read(descriptor, 4096)
            if not part:
                return found
            found += part
    return found


def _chunks(records: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for record in records:
        rows.append(record)
        if len(rows) == size:
            yield rows
            rows = []
    if rows:
        yield rows
