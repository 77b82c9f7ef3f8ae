"""Google's analyser accepts every statement that dbt and the pusher send, and what these design.

The emulator takes partitioning and clustering and forgets them, so they are read off the DDL.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.analyzer.conftest import Warehouse
from tests.analyzer.local_dbt import PROJECT_DIR
from tests.analyzer.replay import Replayed, layout

DML = re.compile(r"^\s*(insert|update|delete|merge)\b", re.IGNORECASE)

# DML statements of a whole run, whatever the number of records: lease, ledger.
MOST_DML_OF_A_RUN = 30


def test_google_accepts_every_statement(replayed: Replayed) -> None:
    """Hooks, models, data tests, procedures, and all that each command of the pusher sends."""
    assert not replayed.refused, "\n\n".join(replayed.refused)


def test_the_history_holds_every_model(warehouse: Warehouse) -> None:
    """The test above is worth what it saw."""
    models = {path.stem for path in (PROJECT_DIR / "models").rglob("*.sql")}
    seen = {
        sent.source.removeprefix("model.reverse_etl.")
        for sent in warehouse.history
        if sent.source.startswith("model.")
    }

    assert models - seen == set()


def test_no_dml_per_record(warehouse: Warehouse) -> None:
    """BigQuery limits DML statements and charges each for a scan: records go by loads."""
    sent = Counter(
        sent.source
        for sent in warehouse.history
        if sent.source.startswith("pusher") and DML.match(sent.sql)
    )

    assert {name: count for name, count in sent.items() if count > MOST_DML_OF_A_RUN} == {}


@pytest.mark.parametrize(
    ("table", "partitioned_by", "clustered_by"),
    [
        ("reverse_etl_push_log", "pushed_at", ["entity", "natural_key"]),
        ("reverse_etl_dlq", None, ["job_type", "natural_key"]),
        ("reverse_etl_snapshot", None, ["entity", "natural_key"]),
        ("hubspot_mirror", None, ["entity", "hubspot_id"]),
        ("outbox_contacts", None, ["natural_key"]),
        ("outbox_rois", None, ["natural_key"]),
        ("base_amd__patients", None, ["source_key"]),
        ("base_amd__rois", None, ["source_key"]),
    ],
)
def test_physical_design(
    replayed: Replayed, table: str, partitioned_by: str | None, clustered_by: list[str]
) -> None:
    """Large tables are laid out for how they are read."""
    statement = replayed.tables[table]

    assert layout(statement) == ([partitioned_by] if partitioned_by else [], clustered_by)


def test_no_table_is_replaced_in_another_layout(replayed: Replayed) -> None:
    """BigQuery refuses it: whatever replaces a table spells its layout as its maker did."""
    assert replayed.laid_out_anew == []
    assert "reverse_etl_snapshot" in replayed.tables


def test_the_push_log_expires(replayed: Replayed) -> None:
    options = {
        option.name.lower(): option.value
        for option in replayed.tables["reverse_etl_push_log"].option_list
    }

    assert "partition_expiration_days" in options
