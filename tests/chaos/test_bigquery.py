"""BigQuery misbehaves: statements, loads, pages and folds that fail, are slow, or go unheard."""

from __future__ import annotations

import threading
from random import Random

import pytest

from pusher import warehouse
from tests.chaos.clinic import MARK
from tests.chaos.conftest import seed
from tests.chaos.world import EndState, World

QUERY = "^POST /bigquery"
RESULTS = "^GET /bigquery.*/queries/"
LOAD = "^PUT /upload"
RESULT_LOAD = r"^(POST /upload.*reverse_etl_push_log|PUT .*\"result_id\")"
# Google's messages quote what they could not read: nothing of them may be logged.
CAST_ERROR = {
    "status": 400, "reason": "invalidQuery", "message": f"Bad int64 value: {MARK} at [3:14]",
}  # fmt: skip
LOAD_ERROR = {
    "status": 400, "reason": "invalid",
    "message": f"Error while reading data, line 1: could not parse '{MARK}@example.org'",
}  # fmt: skip


def test_a_storm_changes_nothing(world: World, undisturbed: EndState) -> None:
    """Overload, quota errors and lost answers all the way; one load lands twice."""
    random = Random(f"{seed()} bigquery storm")
    world.restore("fresh")
    world.proxy.order("lose", LOAD, times=2)
    world.proxy.order("lose", r"^PUT .*\"result_id\"", times=1)
    world.proxy.order("fail", "^POST /upload", times=2, status=503)
    world.proxy.order(
        "fail", QUERY, times=0, every=random.randint(5, 7), status=403, reason="rateLimitExceeded"
    )
    world.proxy.order("lose", QUERY, times=0, every=random.randint(3, 5))
    world.proxy.order("fail", RESULTS, times=0, every=random.randint(7, 9))
    done = world.push()

    assert done.exit_code == 0, done
    doubled = world.query(
        f"""select result_id from `{world.stack.etl}.reverse_etl_push_log`
        group by result_id having count(*) > 1"""
    )
    assert doubled, "the load that was lost should have landed twice"
    world.assert_whole(undisturbed)


def test_results_that_cannot_be_recorded_fail_the_run_and_are_sent_again(
    world: World, undisturbed: EndState
) -> None:
    """HubSpot has them, the push log does not: the run says how many, and the next one knows."""
    world.proxy.order("fail", RESULT_LOAD, times=0, **LOAD_ERROR)
    done = world.push()

    assert (done.exit_code, done.last("run_finished")["error_code"]) == (1, "append_failed"), done
    assert f"{world.written()} results" in done.stderr or "results could not" in done.stderr
    assert {row["status"] for row in world.ledger(done).values()} == {"failed"}
    assert world.rows("reverse_etl_push_log") == []
    assert world.written() > 100
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


# What fails for good, the code that the run ends with, and whether HubSpot was written to.
FOR_GOOD = {
    "snapshot": (r"call [^ ]*take_snapshot", {}, False),
    "snapshot, a cast": (r"call [^ ]*take_snapshot", CAST_ERROR, False),
    "counts": (r"from [^ ]*snapshot_counts", {}, False),
    "gates": (r"from [^ ]*push_gates", {}, False),
    "gates, a quota": (
        r"from [^ ]*push_gates", {"status": 403, "reason": "quotaExceeded"}, False,
    ),
    "mirror load": (r"^PUT .*\"hubspot_id\"", LOAD_ERROR, False),
    "mirror delta": (r"call [^ ]*apply_mirror_refresh", {}, False),
    "queue": (r"select entity, object_type.*reverse_etl_snapshot", {}, False),
    "lease": (r"set holder = @run_id", {}, False),
    "result load": (RESULT_LOAD, {}, True),
    "fold": (r"call [^ ]*fold_results", {"skip": 1}, True),
    "fold, a cast": (r"call [^ ]*fold_results", {"skip": 1, **CAST_ERROR}, True),
    "ledger": (r"update [^ ]*reverse_etl_run_ledger", {}, True),
}  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("name", FOR_GOOD)
def test_what_fails_for_good_fails_the_run(world: World, undisturbed: EndState, name: str) -> None:
    """Exit 1, one line, no value in it; and the next run does the rest."""
    text, more, is_written = FOR_GOOD[name]
    world.proxy.order("fail", text, **{"times": 0, **more})  # type: ignore[arg-type]
    done = world.push(BQ_RETRY_SECONDS="1")

    assert done.exit_code == 1, done
    assert MARK not in done.stdout + done.stderr
    assert bool(world.written()) == is_written
    world.after(done)
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["fail", "lose", "reset"])
def test_a_page_that_fails_in_mid_read(
    world: World, undisturbed: EndState, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """For a while: it is read again. For good: what was read is sent, and the run fails."""
    monkeypatch.setattr(warehouse, "PAGE_ROWS", 20)
    pages = r"^GET .*/queries/.*maxResults=20&.*pageToken"
    world.proxy.order(kind, pages, times=2, skip=1)  # type: ignore[arg-type]
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)

    world.restore("ready")
    monkeypatch.setattr(warehouse, "JOB_SECONDS", 2.0)
    rule = world.proxy.order("fail", pages, times=0, skip=1, status=400, reason="invalid")
    done = world.push()
    assert done.exit_code == 1, done
    assert rule.fired
    assert 0 < world.written() < 60
    world.calm()
    assert world.push().exit_code == 0
    world.assert_whole(undisturbed)


@pytest.mark.full
@pytest.mark.parametrize(
    "text", [r"call [^ ]*fold_results", r"call [^ ]*take_snapshot", LOAD, r"from [^ ]*push_gates"]
)
def test_slowness_changes_nothing(world: World, undisturbed: EndState, text: str) -> None:
    """Ten seconds for what takes one."""
    rule = world.proxy.order("hold_before", text)
    timer = threading.Timer(10, rule.released.set)
    timer.start()
    done = world.push()
    timer.join()

    assert done.exit_code == 0, done
    assert rule.fired == 1
    world.assert_whole(undisturbed)


@pytest.mark.full
def test_a_fold_that_ran_unheard_may_run_again(world: World, undisturbed: EndState) -> None:
    """Twice, five times: the id map, the dead letters and their attempts stay as they are."""
    world.restore("done")
    before = world.rows("hubspot_id_map"), world.rows("reverse_etl_dlq")
    for _ in range(3):
        world.query(f"call `{world.stack.etl}.fold_results`()")

    assert (world.rows("hubspot_id_map"), world.rows("reverse_etl_dlq")) == before
    world.assert_whole(undisturbed)
