"""The lease: one winner, bound to one portal, and no writes past its end."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pusher import lease as lease_module
from pusher.errors import Failed, LeaseHeld, RunError, SettingsError
from pusher.lease import Lease
from pusher.settings import Settings
from pusher.warehouse import Warehouse
from tests.pusher.conftest import World
from tests.pusher.proxy import FaultyProxy, Rule


def make(settings: Settings, run_id: str) -> Lease:
    return Lease(Warehouse(settings), settings.table("reverse_etl_lease"), run_id)


def test_a_second_taker_learns_who_holds_it(world: World) -> None:
    """Holder, since, expires; exit 3."""
    first = make(world.settings(), "run-1")
    first.take("p1", "http://127.0.0.1:1")

    with pytest.raises(LeaseHeld) as caught:
        make(world.settings(), "run-2").take("p1", "http://127.0.0.1:1")
    assert caught.value.exit_code == 3
    for word in ("run run-1 on ", socket.gethostname(), "since 20", "expires 20"):
        assert word in str(caught.value)
    first.release()


def test_it_is_free_after_release_and_after_its_end(world: World) -> None:
    """A holder that died keeps it for its life only."""
    first = make(world.settings(), "run-1")
    first.take("p1", "")
    first.release()
    second = make(world.settings(), "run-2")
    second.take("p1", "")
    world.query("update etl.reverse_etl_lease set expires_at = timestamp '2020-01-01' where true")
    third = make(world.settings(), "run-3")
    third.take("p1", "")

    second.release()  # no longer its own to give away
    assert third.row()["holder"] == "run-3"
    third.release()


def test_a_race_has_one_winner(world: World) -> None:
    """Judged by the rows that the UPDATE changed."""

    def race(number: int) -> str | None:
        contender = make(world.settings(), f"run-{number}")
        try:
            contender.take("p1", "")
        except RunError:
            return None
        return f"run-{number}"

    with ThreadPoolExecutor(6) as pool:
        winners = [winner for winner in pool.map(race, range(6)) if winner]

    assert len(winners) == 1
    assert world.query("select holder from etl.reverse_etl_lease")[0]["holder"] == winners[0]


def test_the_first_run_binds_the_portal_and_another_portal_is_refused(world: World) -> None:
    """A staging token never meets production's id map."""
    first = make(world.settings(), "run-1")
    first.take("p1", "")
    first.release()

    with pytest.raises(SettingsError) as caught:
        make(world.settings(), "run-2").take("p2", "")
    assert caught.value.exit_code == 2
    assert "p1" in str(caught.value)


def test_it_is_renewed_and_found_lost_when_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread renews it while it is ours; once it is not, no write passes."""
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    held = make(world.settings(), "run-1")
    held.take("p1", "")
    first_beat = held.row()["heartbeat_at"]
    while held.row()["heartbeat_at"] == first_beat:
        held.check(25)
    world.query("update etl.reverse_etl_lease set holder = 'run-2' where true")
    while held.outlives(25):
        pass

    with pytest.raises(Failed) as caught:
        held.check(25)
    assert caught.value.code == "lease_lost"
    held.release()
    assert held.row()["holder"] == "run-2"


def test_a_holder_paused_past_its_end_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own clock, without asking anyone."""
    monkeypatch.setattr(lease_module, "LIFE_SECONDS", 20)
    held = make(world.settings(), "run-1")
    held.take("p1", "")

    assert held.outlives(10)
    assert not held.outlives(25)
    held.release()


def test_our_end_is_not_later_than_bigquery_s(world: World, proxy: FaultyProxy) -> None:
    """Its answer may come late; the lease has begun before that."""
    proxy.rules = [Rule("set holder", seconds=0.5)]
    held = make(world.settings(BIGQUERY_EMULATOR_HOST=proxy.url), "run-1")
    began = lease_module._clock()
    held.take("p1", "")

    assert proxy.rules[0].fired
    assert held._ends_at - began < lease_module.LIFE_SECONDS + 0.4
    held.release()


def test_a_writer_renews_a_lease_that_ran_out_unless_another_has_it(world: World) -> None:
    """A warehouse that was busy or out of reach for minutes has let the heartbeat wait."""
    first = make(world.settings(), "run-1")
    first.take("p1", "")
    first._ends_at = 0.0
    first.check(60)
    assert first.outlives(60)

    world.query("update etl.reverse_etl_lease set expires_at = timestamp '2020-01-01' where true")
    second = make(world.settings(), "run-2")
    second.take("p1", "")
    assert first.outlives(60)
    first._ends_at = 0.0
    with pytest.raises(Failed, match="lease_lost"):
        first.check(60)
    second.release()


def test_a_lease_that_cannot_last_so_long_lets_nobody_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it renewed for ever, the request could still end after it."""
    monkeypatch.setattr(lease_module, "LIFE_SECONDS", 20)
    held = make(world.settings(), "run-1")
    held.take("p1", "")

    with pytest.raises(Failed, match="lease_lost"):
        held.check(25)
    held.release()


def test_it_runs_out_while_the_machine_sleeps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's monotonic clock stands still then, and BigQuery's does not."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert lease_module._clock.args == (time.CLOCK_BOOTTIME,)
    monkeypatch.setattr(lease_module, "LIFE_SECONDS", 1)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    held = make(world.settings(), "run-1")
    held._released.set()  # no heartbeat, for that sleeps, too
    held.take("p1", "")
    gives_up_at = time.time() + 30
    while held.outlives(0) and time.time() < gives_up_at:
        pass

    assert not held.outlives(0)
    monkeypatch.undo()
    held.release()


def test_one_swallowed_renewal_does_not_lose_it(
    world: World, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is given up long before the lease ends, and sent again."""
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    held = make(world.settings(BIGQUERY_EMULATOR_HOST=proxy.url, BQ_TIMEOUT_SECONDS="0.5"), "run-1")
    held.take("p1", "")
    proxy.rules = [Rule("set heartbeat_at", swallow=True)]
    before = world.query("select heartbeat_at from etl.reverse_etl_lease")[0]["heartbeat_at"]
    gives_up_at = time.monotonic() + 60
    while time.monotonic() < gives_up_at:
        now = world.query("select heartbeat_at from etl.reverse_etl_lease")[0]["heartbeat_at"]
        if proxy.rules[0].fired and now > before:
            break

    assert proxy.rules[0].fired
    assert now > before
    held.check(60)
    held.release()
