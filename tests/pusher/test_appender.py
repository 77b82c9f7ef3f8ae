"""The push log's writer, with loads that fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from pusher.appender import Appender
from pusher.errors import Failed
from pusher.warehouse import Warehouse
from tests.pusher.conftest import World
from tests.pusher.proxy import FaultyProxy, Rule


@pytest.fixture
def appender(world: World, proxy: FaultyProxy) -> Appender:
    settings = world.settings(BIGQUERY_EMULATOR_HOST=proxy.url, BQ_RETRY_SECONDS="0.2")
    return Appender(Warehouse(settings), spacing=0.05)


def lines(*numbers: int) -> list[bytes]:
    return [json.dumps({"result_id": str(n), "natural_key": str(n)}).encode() for n in numbers]


def test_lines_of_many_threads_land_in_few_loads(world: World, appender: Appender) -> None:
    """At most one load in a spacing, whatever the number of batches."""
    threads = [
        threading.Thread(target=appender.add, args=(lines(*range(n * 10, n * 10 + 10)),))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    appender.close()

    assert len(world.push_log()) == 200
    assert appender.loads <= 3
    assert appender.recorded == 200


def test_sending_pauses_while_a_load_is_in_trouble(
    world: World, appender: Appender, proxy: FaultyProxy
) -> None:
    """And goes on once it is through; nothing is lost."""
    proxy.rules = [Rule("upload", times=2), Rule("upload", seconds=0.5)]
    never = threading.Event()
    appender.add(lines(1))
    while not proxy.rules[1].fired:
        never.wait(0.01)
    waiter = threading.Thread(target=appender.wait_until_ready, args=(never,))
    waiter.start()
    waiter.join(0.2)
    assert waiter.is_alive()
    waiter.join(10)
    assert not waiter.is_alive()
    appender.close()

    assert world.outcomes().keys() == {"1"}


def test_a_load_that_fails_for_good_fails_the_run_and_says_how_much(
    world: World, appender: Appender, proxy: FaultyProxy, logged: Callable[[], str]
) -> None:
    """Nothing that HubSpot confirmed is forgotten silently."""
    proxy.rules = [Rule("upload", times=999)]
    appender.add(lines(1, 2, 3))

    with pytest.raises(Failed) as caught:
        appender.close()
    assert "3 results could not be recorded" in str(caught.value)
    assert '"unrecorded": 3' in logged()
    with pytest.raises(Failed):
        appender.wait_until_ready(threading.Event())


def test_a_pile_of_lines_makes_sending_wait(
    appender: Appender, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What HubSpot confirmed must not pile up where a crash would forget it."""
    monkeypatch.setattr("pusher.appender.MOST_PENDING", 2)
    proxy.rules = [Rule("upload", seconds=0.5)]
    never = threading.Event()
    appender.add(lines(1))
    while not proxy.rules[0].fired:
        never.wait(0.01)
    appender.add(lines(2, 3))
    appender.wait_until_ready(never)  # two may be pending
    appender.add(lines(4))
    waiter = threading.Thread(target=appender.wait_until_ready, args=(never,))
    waiter.start()
    waiter.join(0.1)

    assert waiter.is_alive()
    waiter.join(10)
    assert not waiter.is_alive()
    appender.close()


def test_whoever_waits_is_let_go_when_the_run_ends(appender: Appender, proxy: FaultyProxy) -> None:
    """An appender in trouble must not keep the threads of a run that is over."""
    proxy.rules = [Rule("upload"), Rule("upload", seconds=2)]
    halted = threading.Event()
    appender.add(lines(1))
    while not proxy.rules[1].fired:
        halted.wait(0.01)
    waiter = threading.Thread(target=appender.wait_until_ready, args=(halted,))
    waiter.start()
    waiter.join(0.1)
    assert waiter.is_alive()
    halted.set()
    waiter.join(1)

    assert not waiter.is_alive()
    assert appender.recorded == 0  # it was let go, and not that the trouble was over
    appender.close()


def test_where_time_is_short_nobody_gathers_lines(world: World) -> None:
    """They are loaded at once, whatever the spacing of loads."""
    appender = Appender(Warehouse(world.settings()), left=lambda: 60.0, spacing=3600)
    appender.add(lines(1))
    appender.close()

    assert world.outcomes().keys() == {"1"}


def test_what_is_not_recorded_when_time_is_up_is_counted(
    world: World, proxy: FaultyProxy, logged: Callable[[], str]
) -> None:
    """The load under way, what waits for the next one, and what comes too late."""
    left = [60.0]
    settings = world.settings(BIGQUERY_EMULATOR_HOST=proxy.url)
    proxy.rules = [Rule("upload", swallow=True)]
    appender = Appender(Warehouse(settings), left=lambda: left[0])
    appender.add(lines(1, 2))
    while not proxy.rules[0].fired:
        threading.Event().wait(0.01)
    appender.add(lines(3))
    left[0] = 0.5

    with pytest.raises(Failed, match="3 results could not be recorded"):
        appender.close()
    appender.add(lines(4))
    assert appender.unrecorded == 4
    assert "unrecorded" in logged()
