"""Two pushers at once, a holder that was asleep, and a build in the middle of a run."""

from __future__ import annotations

import signal
import threading

import pytest

from tests.chaos.process import Done
from tests.chaos.world import EndState, World

WRITES = "/batch/(update|upsert)$"


def test_a_race_for_the_lease_has_one_winner(world: World, undisturbed: EndState) -> None:
    """Three start together. The winner is held until the others have given up, with exit 3 and
    who holds the lease, since when and until when."""
    rule = world.proxy.order("hold_before", r"call [^ ]*take_snapshot")
    racers = [world.start() for _ in range(3)]
    assert rule.wait()
    losers: list[Done] = []
    over = threading.Semaphore(0)

    def await_end(number: int) -> None:
        done = racers[number].end()
        if done.exit_code == 3:
            losers.append(done)
            over.release()
        else:
            winners.append(done)

    winners: list[Done] = []
    threads = [threading.Thread(target=await_end, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    assert over.acquire(timeout=120)
    assert over.acquire(timeout=120)
    holder = world.rows("reverse_etl_lease")[0]["holder"]
    assert world.written() == 0
    rule.released.set()
    for thread in threads:
        thread.join()

    assert [done.exit_code for done in winners] == [0], winners
    assert winners[0].events[0]["run_id"] == holder
    for loser in losers:
        assert f"held by run {holder} on " in loser.stderr
        assert " since 2" in loser.stderr
        assert "expires 2" in loser.stderr
        assert loser.phases[-1] in ("lease", "notify")
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_holder_that_slept_past_its_lease_starts_no_further_batch(
    world: World, undisturbed: EndState, when: str
) -> None:
    """Stopped in mid-batch until the lease has run out on BigQuery's clock; another run does all
    the work; woken up, the first one writes nothing more."""
    short = "import pusher.lease\npusher.lease.LIFE_SECONDS, pusher.lease.RENEW_SECONDS = 15, 3.0"
    world.hubspot.fault(
        "hold", name="held", when=when, seconds=300,
        match={"path_regex": WRITES, "after_n_requests": 3},
    )  # fmt: skip
    sleeper = world.start(prelude=short, REQUEST_TIMEOUT_SECONDS="2", WORKERS="1")
    assert world.hubspot.wait_fired("held", timeout=120)
    sleeper.signal(signal.SIGSTOP)
    await_expiry(world)
    world.hubspot.clear_faults()

    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)
    written = world.written()

    sleeper.signal(signal.SIGCONT)
    late = sleeper.end()
    assert late.exit_code == 1, late
    assert "lease_lost" in late.stdout
    assert world.written() == written
    assert world.push().exit_code == 0  # folds what the late one may have recorded
    world.assert_whole(undisturbed)


def await_expiry(world: World) -> None:
    """Until BigQuery says so: real time has to pass, for both clocks."""
    sql = f"""select count(*) as n from `{world.stack.etl}.reverse_etl_lease`
        where expires_at < current_timestamp()"""
    pause = threading.Event()
    for _ in range(240):
        if world.query(sql)[0]["n"]:
            return
        pause.wait(0.5)
    raise AssertionError("the lease does not run out")


@pytest.mark.full
def test_a_lease_is_renewed_while_its_holder_works(world: World, undisturbed: EndState) -> None:
    """A run of three lives of a lease: nobody else gets it, and it ends well."""
    short = "import pusher.lease\npusher.lease.LIFE_SECONDS, pusher.lease.RENEW_SECONDS = 8, 1.0"
    rule = world.proxy.order("hold_before", r"call [^ ]*take_snapshot")
    slow = world.start(prelude=short, REQUEST_TIMEOUT_SECONDS="1")
    assert rule.wait()
    first = world.rows("reverse_etl_lease")[0]
    pause = threading.Event()
    while True:
        row = world.rows("reverse_etl_lease")[0]
        if (row["expires_at"] - first["expires_at"]).total_seconds() > 24:
            break
        pause.wait(0.5)
    assert world.run().exit_code == 3
    rule.released.set()

    assert slow.end().exit_code == 0
    world.assert_whole(undisturbed)
