"""One simulator for all tests of this folder; each test gets it as it was started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.hubspot.client import SETUP_TOKEN, TOKEN, SimulatorControl, SimulatorProcess


class Api:
    """A plain HTTP client of the simulated API."""

    def __init__(self, base_url: str, token: str = TOKEN) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        more.setdefault("timeout", 20)
        return self.session.request(method, self.base_url + path, json=body, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> requests.Response:
        return self.call("POST", path, body, **more)

    def batch(
        self,
        operation: str,
        inputs: list[dict[str, Any]],
        object_type: str = "contacts",
        **more: Any,
    ) -> requests.Response:
        body = {"inputs": inputs, **more}
        return self.post(f"/crm/objects/2026-09/{object_type}/batch/{operation}", body)

    def search(self, *filters: tuple[Any, ...], **more: Any) -> requests.Response:
        """Search contacts by (property, operator, value) filters, all of which must hold."""
        rules = []
        for name, operator, *value in filters:
            rule: dict[str, Any] = {"propertyName": name, "operator": operator}
            if operator in ("IN", "NOT_IN"):
                rule["values"] = value[0]
            elif operator == "BETWEEN":
                rule["value"], rule["highValue"] = value
            elif value:
                rule["value"] = value[0]
            rules.append(rule)
        body = {"filterGroups": [{"filters": rules}] if rules else [], **more}
        return self.post("/crm/objects/2026-09/contacts/search", body)


def patient(key: str, trace_id: str | None = None, **properties: str) -> dict[str, Any]:
    """An upsert input keyed by the patient id."""
    found: dict[str, Any] = {
        "id": key,
        "idProperty": "amd_patient_id",
        "properties": {"amd_patient_id": key, **properties},
    }
    if trace_id is not None:
        found["objectWriteTraceId"] = trace_id
    return found


@pytest.fixture(scope="session")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--burst", "0", "--daily", "0", "--search-limit", "0") as running:
        yield running


@pytest.fixture(scope="session")
def first_settings(process: SimulatorProcess) -> dict[str, Any]:
    return process.control.settings()


@pytest.fixture
def sim(process: SimulatorProcess, first_settings: dict[str, Any]) -> SimulatorControl:
    """The control of a clean portal."""
    process.control.set(**first_settings)
    process.control.reset(definitions=True)
    return process.control


@pytest.fixture
def api(sim: SimulatorControl) -> Api:
    """The API as the worker's token sees it."""
    return Api(sim.base_url)


@pytest.fixture
def setup_api(sim: SimulatorControl) -> Api:
    """The API as the wider token of the setup sees it."""
    return Api(sim.base_url, SETUP_TOKEN)
