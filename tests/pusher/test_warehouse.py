"""BigQuery through its real client, with a proxy in between that breaks things to order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest

from pusher.errors import Failed, SettingsError
from pusher.warehouse import Warehouse
from tests.pusher.conftest import World
from tests.pusher.proxy import FaultyProxy, Rule


@pytest.fixture
def proxy(emulator: str) -> Iterator[FaultyProxy]:
    faulty = FaultyProxy(emulator)
    yield faulty
    faulty.close()


@pytest.fixture
def behind(world: World, proxy: FaultyProxy) -> Warehouse:
    return Warehouse(world.settings(BIGQUERY_EMULATOR_HOST=proxy.url))


def line(name: str) -> bytes:
    return json.dumps({"name": name, "called_at": datetime.now(UTC).isoformat()}).encode() + b"\n"


@pytest.mark.parametrize(
    "rule",
    [
        Rule("jobs", times=3, status=503),
        Rule("jobs", times=2, status=429, reason="rateLimitExceeded"),
        Rule("jobs", times=2, status=403, reason="quotaExceeded"),
        Rule("jobs", times=1, lose_answer=True),
        Rule("queries/", times=2, status=500),
    ],
    ids=["503", "429", "quota", "lost answer", "result"],
)
def test_transient_errors_of_a_statement_are_tried_again(
    behind: Warehouse, proxy: FaultyProxy, rule: Rule
) -> None:
    """Ours are the only retries: short, and the same everywhere."""
    proxy.rules = [rule]

    assert behind.query("select 1 as one") == [{"one": 1}]
    assert rule.fired == rule.times


def test_a_statement_that_is_wrong_fails_at_once(behind: Warehouse, proxy: FaultyProxy) -> None:
    """And what BigQuery says about it stays out of the error."""
    with pytest.raises(Failed) as caught:
        behind.query("select cast('Jane Doe' as int64) as x")

    assert "Jane" not in str(caught.value)


def test_a_missing_view_is_a_settings_error_that_names_the_way_out(warehouse: Warehouse) -> None:
    with pytest.raises(SettingsError) as caught:
        warehouse.query("select * from etl.nothing")

    assert "dbt build" in str(caught.value)


def test_dml_counts_and_parameters(world: World, warehouse: Warehouse) -> None:
    """Text, instants, and lists of text."""
    changed = warehouse.execute(
        "insert into etl.calls (name, called_at)"
        " select name, @called_at from unnest(@names) as name",
        names=["a", "b"],
        called_at=datetime.now(UTC),
    )
    found = warehouse.query(
        "select name from etl.calls where name in unnest(@names) or name = @one order by name",
        names=["a", "x"],
        one="b",
    )

    assert changed == 2
    assert [row["name"] for row in found] == ["a", "b"]


def test_an_argument_of_a_call_cannot_end_its_literal(warehouse: Warehouse) -> None:
    """What an operator types reaches SQL as text or not at all."""
    with pytest.raises(SettingsError):
        warehouse.call("request_replay", "x'); drop table etl.calls; --", "", "")


def test_an_append_is_all_or_nothing(world: World, warehouse: Warehouse) -> None:
    """One bad line, and none is there."""
    with pytest.raises(Failed):
        warehouse.append("calls", BytesIO(line("a") + b'{"called_at": "Jane Doe"}'))
    assert world.calls("a") == 0

    warehouse.append("calls", BytesIO(line("a") + line("b")))
    assert world.calls("a") == 1


def test_a_failing_append_is_tried_again_and_says_so(
    world: World, behind: Warehouse, proxy: FaultyProxy
) -> None:
    """So that sending can pause meanwhile."""
    failures: list[int] = []
    proxy.rules = [Rule("upload", times=2)]
    behind.append("calls", BytesIO(line("a")), on_failure=lambda: failures.append(1))

    assert world.calls("a") == 1
    assert len(failures) == 2


def test_a_procedure_that_ran_unheard_is_not_called_twice(
    world: World, behind: Warehouse, proxy: FaultyProxy
) -> None:
    """Where a second call would do harm, a query says whether the first one arrived."""
    proxy.rules = [Rule("fold_results", lose_answer=True)]
    done = "select 1 as done from etl.calls where name = 'fold_results'"
    behind.call("fold_results", unless=done)
    assert world.calls("fold_results") == 1

    proxy.rules = [Rule("fold_results", status=503)]
    behind.call("fold_results", unless="select 1 as done from etl.calls where name = 'other'")
    assert world.calls("fold_results") == 2


def test_pages_come_one_by_one_and_a_failed_one_is_read_again(
    behind: Warehouse, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row once, whatever happens in between."""
    monkeypatch.setattr("pusher.warehouse.PAGE_ROWS", 1000)
    proxy.rules = [Rule("pageToken", times=1, skip=2)]
    sql = "select x, x + 1 as y from unnest(generate_array(1, 4500)) as x"
    pages = list(behind.pages(sql))

    assert [len(page) for page in pages] == [1000, 1000, 1000, 1000, 500]
    rows = {(str(number), str(number + 1)) for number in range(1, 4501)}
    assert {row for page in pages for row in page} == rows


def test_round_trips_are_counted_and_timed(warehouse: Warehouse) -> None:
    before = warehouse.round_trips
    warehouse.query("select 1 as one")

    assert warehouse.round_trips == before + 1
    assert warehouse.seconds > 0


def test_nothing_of_a_load_error_is_logged(warehouse: Warehouse, logged: Callable[[], str]) -> None:
    """BigQuery quotes the offending line; the log has its reason and its job."""
    with pytest.raises(Failed) as caught:
        warehouse.append("calls", BytesIO(b'{"name": "x", "called_at": "Jane Doe"}'))

    assert "Jane" not in str(caught.value) + logged()
    assert "bigquery_error" in logged()
