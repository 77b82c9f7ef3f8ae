"""Rate limits, latency and the clock."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection

from sandbox.hubspot.client import SETUP_TOKEN, TOKEN, SimulatorControl

from .conftest import Api, patient

LIST = "/crm/v3/objects/contacts"


def test_burst_limit_and_headers(api: Api, sim: SimulatorControl) -> None:
    """The rolling window is per token; its headers count down."""
    sim.set(burst_limit=3, daily_limit=1_000)
    left = [api.get(LIST).headers["X-HubSpot-RateLimit-Remaining"] for _ in range(3)]

    refused = api.get(LIST)

    assert left == ["2", "1", "0"]
    assert refused.status_code == 429
    body = refused.json()
    assert body["policyName"] == "TEN_SECONDLY_ROLLING"
    assert body["errorType"] == "RATE_LIMIT"
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert "category" not in body
    assert "Retry-After" not in refused.headers
    assert refused.headers["X-HubSpot-RateLimit-Max"] == "3"
    assert refused.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert refused.headers["X-HubSpot-RateLimit-Daily"] == "1000"
    assert refused.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "997"
    assert Api(sim.base_url, SETUP_TOKEN).get(LIST).status_code == 200


def test_the_burst_window_rolls(api: Api, sim: SimulatorControl) -> None:
    """A request is free again as soon as an earlier one leaves the window."""
    sim.set(burst_limit=1, burst_window_ms=60)
    assert api.get(LIST).status_code == 200
    answers = []
    deadline = time.monotonic() + 10
    while 200 not in answers and time.monotonic() < deadline:
        answers.append(api.get(LIST).status_code)

    assert answers[-1] == 200
    assert set(answers) <= {200, 429}


def test_search_limit_is_per_account(api: Api, sim: SimulatorControl) -> None:
    """Searches have a limit of their own for all tokens, and no headers."""
    sim.set(search_limit=2, search_window_ms=60_000)
    other = Api(sim.base_url, SETUP_TOKEN)

    answers = [api.search(), other.search(), api.search()]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json()["policyName"] == "SECONDLY"
    assert answers[2].json()["message"] == "You have reached your secondly limit."
    assert not any("RateLimit" in name for one in answers for name in one.headers)


def test_daily_limit(api: Api, sim: SimulatorControl) -> None:
    """The day's limit holds for the account, until midnight in its time zone."""
    sim.set(daily_limit=2, daily_used=1, clock_fixed_ms=1_700_000_000_000)

    assert api.get(LIST).status_code == 200
    refused = api.get(LIST)
    assert (refused.status_code, refused.json()["policyName"]) == (429, "DAILY")
    sim.set(clock_fixed_ms=1_700_000_000_000 + 86_400_000)
    assert api.get(LIST).status_code == 200


def test_latency_is_slept_in_parallel(api: Api, sim: SimulatorControl) -> None:
    """Forty requests in flight take about as long as one."""
    sim.set(latency_ms=200, per_record_ms=2)
    sessions = [Api(sim.base_url) for _ in range(40)]

    def send(number: int) -> float:
        begun = time.monotonic()
        rows = [patient(f"{number}-{row}", firstname="A") for row in range(50)]
        assert sessions[number].batch("upsert", rows).status_code == 200
        return time.monotonic() - begun

    begun = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        durations = list(pool.map(send, range(40)))
    took = time.monotonic() - begun

    assert min(durations) >= 0.3
    assert took < 4
    assert len(sim.live("contacts")) == 2_000


def test_the_date_header_is_hubspots_clock(api: Api, sim: SimulatorControl) -> None:
    """The Date header and the records' times come from one clock, which can be moved."""
    sim.set(clock_offset_ms=-3_600_000)

    response = api.post(LIST, {"properties": {"firstname": "A"}})

    said = parsedate_to_datetime(response.headers["Date"]).timestamp()
    assert abs(said - (time.time() - 3_600)) < 5
    created = response.json()["createdAt"][:16]
    assert created == time.strftime("%Y-%m-%dT%H:%M", time.gmtime(said))


def test_connections_are_kept(sim: SimulatorControl) -> None:
    """Requests can follow each other on one connection."""
    host, port = sim.base_url.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=10)
    ports = set()
    for _ in range(3):
        connection.request("GET", LIST, headers={"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        assert len(response.read()) == int(response.headers["Content-Length"])
        ports.add(connection.sock.getsockname()[1])
    connection.close()

    assert len(ports) == 1
