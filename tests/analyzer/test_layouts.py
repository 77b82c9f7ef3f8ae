"""The local stack replaces no table by one that is laid out otherwise, as BigQuery does not."""

from __future__ import annotations

import pytest
from bqemulator.domain.errors import InvalidQueryError

from sandbox.emulator import Layouts

MADE = "create table if not exists `p.d.t` (a string, b date) partition by b cluster by a"


@pytest.fixture
def layouts() -> Layouts:
    layouts = Layouts()
    layouts.check(MADE, "p")
    return layouts


@pytest.mark.parametrize(
    "sql",
    [
        MADE,
        "create or replace table p.d.t\npartition by b\nCLUSTER BY `a`\nas select 'x' as a",
        "create or replace table `p`.`d`.`other` as select 1 as a",
        "select 'create or replace table p.d.t' as text",
        "create or replace view d.t as select 1 as a",
    ],
)
def test_what_bigquery_takes_is_taken(layouts: Layouts, sql: str) -> None:
    layouts.check(sql, "p")


@pytest.mark.parametrize(
    "sql",
    [
        "create or replace table `p.d.t` as select 'x' as a",
        "-- why\ncreate or replace table d.t cluster by a as select 'x' as a",
        "create or replace table d.t (a string, b date) partition by b cluster by b",
    ],
)
def test_another_layout_is_refused(layouts: Layouts, sql: str) -> None:
    with pytest.raises(InvalidQueryError, match="different partitioning spec"):
        layouts.check(sql, "p")


def test_a_dataset_that_was_deleted_takes_its_tables_along(layouts: Layouts) -> None:
    layouts.forget("p.other")
    with pytest.raises(InvalidQueryError):
        layouts.check("create or replace table p.d.t as select 'x' as a", "p")
    layouts.forget("p.d")
    layouts.check("create or replace table p.d.t as select 'x' as a", "p")


def test_a_table_that_was_dropped_may_come_back_otherwise(layouts: Layouts) -> None:
    layouts.check("drop table if exists p.d.t", "p")
    layouts.check("create or replace table p.d.t as select 'x' as a", "p")
