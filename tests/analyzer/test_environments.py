"""An environment that leads to another one's tables is refused while dbt still only parses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest
from dbt.cli.main import dbtRunner
from jinja2 import Environment

from sandbox.stack import FOREIGN_SETTINGS
from tests.analyzer.local_dbt import PROJECT_DIR

EMULATOR = {"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1"}
PROJECT = {"GCP_PROJECT_ID": "p-1"}


def complaint(environ: Mapping[str, str], folder: Path) -> str:
    """What `dbt parse` says, which reaches nobody."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)
    }
    stated = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **environ}
    with mock.patch.dict(os.environ, inherited | stated, clear=True):
        outcome = dbtRunner().invoke(
            [
                "parse", "--quiet",
                "--project-dir", str(PROJECT_DIR),
                "--profiles-dir", str(PROJECT_DIR / "profiles"),
                "--target-path", str(folder), "--log-path", str(folder),
            ]
        )  # fmt: skip
    return "" if outcome.success else str(outcome.exception)


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ["GCP_PROJECT_ID"]),
        ({"GCP_PROJECT_ID": ""}, ["GCP_PROJECT_ID"]),
        ({**EMULATOR, **PROJECT, "DBT_TARGET": "prod"}, ["BIGQUERY_EMULATOR_HOST", "DBT_TARGET"]),
        ({**PROJECT, "DBT_TARGET": "local"}, ["BIGQUERY_EMULATOR_HOST", "DBT_TARGET"]),
        (
            {**PROJECT, "BQ_DATASET": "etl_staging", "ID_MAP_TABLE": "p-1.etl.hubspot_id_map"},
            ["ID_MAP_TABLE", "p-1.etl_staging", "CONTROL_DATASETS"],
        ),
        ({**PROJECT, "DBT_DLQ_TABLE": "p-2.etl.dlq"}, ["DLQ_TABLE", "CONTROL_DATASETS"]),
        ({**PROJECT, "RUN_LEDGER_TABLE": "p-1.x.ledger"}, ["RUN_LEDGER_TABLE"]),
        ({**PROJECT, "BQ_DATASET": " etl2"}, ["BQ_DATASET"]),
    ],
)
def test_is_refused_by_name(environ: dict[str, str], names: list[str], tmp_path: Path) -> None:
    said = complaint(environ, tmp_path)

    assert [name for name in names if name not in said] == [], said


@pytest.mark.parametrize(
    "environ",
    [
        PROJECT,
        {"DBT_GCP_PROJECT_ID": "p-1"},
        {**PROJECT, "ID_MAP_TABLE": "p-1.old.id_map", "CONTROL_DATASETS": "p-9.x, p-1.old"},
        {**PROJECT, **EMULATOR, "DBT_TARGET": "local"},
    ],
)
def test_is_let_pass(environ: dict[str, str], tmp_path: Path) -> None:
    assert complaint(environ, tmp_path) == ""


@pytest.mark.parametrize(
    ("target", "failures", "status"),
    [
        ("prod", [], "passed"),
        ("default", [], "passed"),  # dbt Cloud's own
        ("prod", ["model.reverse_etl.map_contacts"], "failed"),
        ("dev", [], "failed"),
    ],
)
def test_a_build_of_the_target_for_branches_lets_no_run_pass(
    target: str, failures: list[str], status: str
) -> None:
    """It builds into the same data set, and what the nightly push would send is the branch's."""
    macros = (PROJECT_DIR / "macros" / "finish_build_stamps.sql").read_text(encoding="utf-8")
    module = Environment(extensions=["jinja2.ext.do"]).from_string(macros).module

    assert str(module.build_status(target, failures)) == status  # type: ignore[attr-defined]
