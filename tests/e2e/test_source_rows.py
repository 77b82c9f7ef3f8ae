"""What a build makes of a source that marks rows as deleted, or that is only appended to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.analyzer.local_dbt import LocalDbt, local_dbt

pytestmark = pytest.mark.slow

COLUMNS = (
    "roi_id", "TemplateID", "TemplateName", "PatientID", "PatientChart", "AcceptedDatetime",
    "CompletedDate", "Patient Name", "DOB", "ProviderName", "Specialty", "Email", "Phone", "Fax",
)  # fmt: skip
SCHEMA = [
    *((name, "STRING") for name in COLUMNS),
    ("_fivetran_deleted", "BOOL"),
    ("_ab_cdc_deleted_at", "STRING"),
    ("updated_at", "TIMESTAMP"),
]
KEYS = range(1, 41)
DAYS = [f"2026-11-{day:02}T05:00:00Z" for day in range(1, 8)]
BUILD = (
    "build", "--select", "+outbox_rois", "--indirect-selection", "cautious",
    "--exclude-resource-type", "unit_test",
)  # fmt: skip


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDbt]:
    with local_dbt(tmp_path_factory.mktemp("source")) as dbt:
        yield dbt


def version(key: int, day: int, name: str = "Release", **more: Any) -> dict[str, Any]:
    return {"roi_id": str(key), "TemplateName": name, "updated_at": DAYS[day], **more}


def build(dbt: LocalDbt, rows: list[dict[str, Any]], *arguments: str) -> set[str]:
    """The data tests and models that failed."""
    dbt.load("amd.ROIs", SCHEMA, rows)
    outcome = dbt.invoke(*BUILD, *arguments)
    assert outcome.exception is None, outcome.exception
    return {
        result.node.name
        for result in outcome.result.results
        if str(result.status) in ("fail", "error")
    }


def reasons(dbt: LocalDbt) -> dict[str, str]:
    """Why rows of the outbox cannot be sent, by key."""
    rows = dbt.query("select natural_key, row_reason from etl.outbox_rois")
    assert {row["natural_key"] for row in rows} == {str(key) for key in KEYS}
    return {row["natural_key"]: row["row_reason"] for row in rows if row["row_reason"]}


def test_a_source_that_is_only_appended_to(dbt: LocalDbt) -> None:
    """A new version of every row each night, deletions among them: no night stops. The same rows
    once more do, until somebody says that they are meant; a compacted source goes on."""
    rows = [version(key, day=0) for key in KEYS]
    assert build(dbt, rows, "--full-refresh") == set()
    rows += [version(key, day=1, name="Second") for key in KEYS]
    assert build(dbt, rows) == set()
    rows += [
        version(1, day=2, _fivetran_deleted=True),
        version(2, day=1, _ab_cdc_deleted_at=DAYS[3]),
        # Deleted, and there again.
        version(3, day=2, _fivetran_deleted=True),
        version(3, day=3, name="Back"),
    ]
    assert build(dbt, rows) == set()
    assert reasons(dbt) == {"1": "deleted_in_source", "2": "deleted_in_source"}

    assert build(dbt, rows + rows) == {"source_is_whole_base_amd__rois_rois"}
    assert build(dbt, rows + rows, "--full-refresh") == set()
    assert build(dbt, rows[len(KEYS) :]) == set()
    assert reasons(dbt) == {"1": "deleted_in_source", "2": "deleted_in_source"}


def test_a_flag_without_a_new_time_counts_at_once(dbt: LocalDbt) -> None:
    """Loaders set the flag and leave the program's own updated-at as it was."""
    rows = [version(key, day=0) for key in KEYS]
    assert build(dbt, rows, "--full-refresh") == set()
    rows[6]["_fivetran_deleted"] = True
    assert build(dbt, rows) == set()
    assert reasons(dbt) == {"7": "deleted_in_source"}
    rows[6]["_fivetran_deleted"] = False
    assert build(dbt, rows) == set()
    assert reasons(dbt) == {}


def test_deletions_by_the_dozen_are_a_source_that_shrank(dbt: LocalDbt) -> None:
    rows = [version(key, day=0) for key in KEYS]
    assert build(dbt, rows, "--full-refresh") == set()
    for row in rows[:10]:
        row["_fivetran_deleted"] = True
    assert build(dbt, rows) == {"source_is_whole_base_amd__rois_rois"}


def test_the_stamp_says_when_the_content_last_changed(dbt: LocalDbt) -> None:
    """And a time in the future is no sign of life."""
    rows = [version(key, day=0) for key in KEYS]
    assert build(dbt, rows, "--full-refresh") == set()
    rows[0]["updated_at"] = "2100-01-01T00:00:00Z"
    assert build(dbt, rows) == set()
    assert build(dbt, rows) == set()
    last, before, first = dbt.query(
        """select content_hash, content_changed_at, source_fresh_at, high_watermark
        from etl.reverse_etl_builds where status = 'passed' order by started_at desc limit 3"""
    )
    assert first["source_fresh_at"] == first["high_watermark"]
    assert last["content_changed_at"] == before["content_changed_at"]
    assert last["source_fresh_at"] == last["content_changed_at"] != last["high_watermark"]


def test_a_view_is_made_only_where_its_text_is_new(dbt: LocalDbt) -> None:
    """An edit by hand is one; `--full-refresh` makes them all."""
    views = "select table_name, creation_time from etl.INFORMATION_SCHEMA.TABLES"
    run = ("run", "--select", "+map_rois,config.materialized:view")

    def made(*arguments: str) -> dict[str, str]:
        results = dbt(*run, *arguments).results
        return {
            result.node.name: str(result.message)
            for result in results
            if result.node.resource_type == "model"
        }

    build(dbt, [version(key, day=0) for key in KEYS], "--full-refresh")
    again = made()
    assert set(again.values()) == {"unchanged"}, again
    assert "map_rois" in again
    before = {row["table_name"]: row["creation_time"] for row in dbt.query(views)}

    dbt.query("create or replace view etl.map_rois as select 'by hand' as natural_key")
    once_more = made()
    assert {name for name, said in once_more.items() if said != "unchanged"} == {"map_rois"}
    assert len(dbt.columns("etl", "map_rois")) > 1
    after = {row["table_name"]: row["creation_time"] for row in dbt.query(views)}
    assert {name for name in again if after[name] != before[name]} == {"map_rois"}
    assert "unchanged" not in made("--full-refresh").values()
