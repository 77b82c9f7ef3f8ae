"""Alert policies and metrics, read with Google's own types."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud.monitoring_v3 import AlertPolicy
from google.protobuf import json_format

from tests.deploy.conftest import DEPLOY_DIR, PROJECT_DIR

POLICIES = sorted((DEPLOY_DIR / "policies").glob("*.json"))
METRICS = sorted((DEPLOY_DIR / "metrics").glob("*.json"))


def policy(name: str) -> AlertPolicy:
    return AlertPolicy.from_json((DEPLOY_DIR / "policies" / f"{name}.json").read_text())


def metric(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_policy_is_of_google_s_type(path: Path) -> None:
    """Parsing refuses a field that the API does not have, so nothing is lost on the way."""
    message = json_format.Parse(path.read_text(), AlertPolicy.pb()())

    parsed = AlertPolicy.wrap(message)
    assert parsed.display_name
    assert parsed.documentation.content
    assert len(parsed.conditions) == 1
    assert parsed.severity
    assert json_format.MessageToDict(message).keys() == metric(path).keys()


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_policy_leads_to_the_runbook(path: Path) -> None:
    runbook = (PROJECT_DIR / "docs" / "runbook.md").read_text()
    content = AlertPolicy.from_json(path.read_text()).documentation.content

    for heading in re.findall(r'"([^"]+)"', content.partition("See docs/runbook.md")[2]):
        assert re.search(rf"^#+ {re.escape(heading)}$", runbook, re.MULTILINE), heading


def test_there_is_one_policy_for_each_thing_to_be_told() -> None:
    assert [path.stem for path in POLICIES] == [
        "failed_run",
        "lease_stuck",
        "no_run",
        "reject_rate",
    ]


def test_26_hours_are_25_looked_back_and_one_waited() -> None:
    """A metric-absence condition ends at 23.5 hours, less than the day between two runs, and a
    query on a log-based metric may look back 25 hours at most."""
    condition = policy("no_run").conditions[0].condition_prometheus_query_language
    looked_back = {int(hours) for hours in re.findall(r"\[(\d+)h\]", condition.query)}

    assert looked_back == {25}
    assert max(looked_back) * timedelta(hours=1) + condition.duration == timedelta(hours=26)
    assert set(re.findall(r'entity="(\w+)"', condition.query)) == {"patients", "rois"}
    assert condition.disable_metric_validation  # the metric may be minutes old


def test_a_log_policy_does_not_repeat_itself() -> None:
    for name in ("failed_run", "reject_rate"):
        limit = policy(name).alert_strategy.notification_rate_limit

        assert limit.period >= timedelta(hours=1)


def test_failed_and_reject_rate_share_no_run() -> None:
    failed, rejected = (
        policy(name).conditions[0].condition_matched_log.filter
        for name in ("failed_run", "reject_rate")
    )

    assert 'AND NOT jsonPayload.error_code="reject_rate"' in failed
    assert 'AND jsonPayload.error_code="reject_rate"' in rejected


def test_policies_use_metrics_that_exist() -> None:
    names = {path.stem for path in METRICS}
    text = "".join(path.read_text() for path in POLICIES)

    used = set(re.findall(r"logging\.googleapis\.com/user/(\w+)", text))
    used |= set(re.findall(r"logging_googleapis_com:user_(\w+)", text))
    assert used <= names
    assert used


@pytest.mark.parametrize("path", METRICS, ids=lambda path: path.stem)
def test_a_metric_s_labels_are_extracted(path: Path) -> None:
    """Names as the file; every label has an extractor; a distribution has a value."""
    loaded = metric(path)
    descriptor = loaded["metricDescriptor"]

    assert loaded["name"] == path.stem
    assert {label["key"] for label in descriptor["labels"]} == loaded["labelExtractors"].keys()
    assert (descriptor["valueType"] == "DISTRIBUTION") == ("valueExtractor" in loaded)


def test_the_fields_are_those_that_main_writes() -> None:
    """Every jsonPayload field of a filter or extractor is a field of the `sync_finished` line."""
    source = (PROJECT_DIR / "main.py").read_text()
    line = source.partition('"sync_finished",')[2].partition(")\n")[0]
    written = {"event", *re.findall(r"^ +(\w+)=", line, re.MULTILINE)}
    text = "".join(path.read_text() for path in (*POLICIES, *METRICS))

    used = set(re.findall(r"jsonPayload\.(\w+)", text))
    assert used <= written
