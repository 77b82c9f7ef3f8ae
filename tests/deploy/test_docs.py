"""The runbook against the code: whatever an operator may meet has an entry, and every command
that is shown exists."""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pusher.__main__ import _parser
from pusher.results import OUTCOMES
from tests.deploy.conftest import PROJECT_DIR

DOCS = PROJECT_DIR / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text()
PAGES = sorted(DOCS.rglob("*.md"))

# Raised where no run can meet them, or told as one of the others.
INTERNAL = {"interrupted", "lease_held", "unreadable_answer"}


def read(pattern: str, *, under: str) -> str:
    return "\n".join(path.read_text() for path in sorted((PROJECT_DIR / under).glob(pattern)))


def is_explained(code: str) -> bool:
    """By name, or by a `stem_…` that stands for a family."""
    families = re.findall(r"`(\w+_)…`", RUNBOOK)
    return f"`{code}`" in RUNBOOK or any(code.startswith(family) for family in families)


def test_every_error_code_is_explained() -> None:
    kinds = "Failed|SettingsError|GateStop|EndedEarly|LeaseHeld"
    source = read("*.py", under="pusher")
    codes = set(re.findall(rf'(?:{kinds})\(\s*"(\w+)"', source))
    findings = read("portal_findings.sql", under="models/queue")
    codes |= {
        f"portal_{code}"
        for severity, code in re.findall(r"'(\w+)' as severity,\s*'(\w+)' as code", findings)
        if severity == "error"
    }

    assert len(codes) > 15
    assert sorted(code for code in codes - INTERNAL if not is_explained(code)) == []


def test_every_gate_is_explained() -> None:
    codes = set(re.findall(r"'(\w+)' as code", read("push_gates.sql", under="models/queue")))

    assert len(codes) >= 7
    assert sorted(code for code in codes if not is_explained(code)) == []


def test_every_reason_is_explained() -> None:
    """Reasons are the literals after `then` in the models that match, and of the outbox."""
    sql = read("match_*.sql", under="models/matching") + read("match_*.sql", under="models/queue")
    sql += read("outbox_*.sql", under="models/outbox") + read("outbox_*.sql", under="macros")
    words = set(re.findall(r"(?:then|else) '([a-z]+(?:_[a-z]+)+)'", sql))
    named_ends = ("_conflict", "_key", "_property", "_name", "_patient", "_hubspot", "_match")
    reasons = {
        word
        for word in words
        if word.startswith(("ambiguous_", "missing_", "duplicate_", "contested_", "shared_"))
        or word.endswith(named_ends)
    }

    assert {"ambiguous_email", "identity_conflict", "missing_name"} <= reasons
    assert sorted(reason for reason in reasons if not is_explained(reason)) == []


def test_staff_and_operators_read_the_same_reasons() -> None:
    """Each reason that has words for staff is in the runbook, and the other way round."""
    with (PROJECT_DIR / "seeds" / "reason_words.csv").open(encoding="utf-8", newline="") as file:
        worded = {row["reason"] for row in csv.DictReader(file)}
    tables = re.findall(r"^\| Reason \| Means .*?(?=^$)", RUNBOOK, re.MULTILINE | re.DOTALL)
    told = {name for table in tables for name in re.findall(r"^\| `(\w+?)_?…?` \|", table, re.M)}

    assert worded - {"rejected"} <= told | {"rejected"}
    assert told - worded == set()


def test_every_outcome_is_explained() -> None:
    outcomes = {"created", "updated", "left_out", "unanswered", "changed_in_hubspot"}

    for outcome in outcomes | set(OUTCOMES.values()):
        assert f"`{outcome}`" in RUNBOOK


def test_every_exit_code_is_explained() -> None:
    documented = set(re.findall(r"^\| (\d+) \|", RUNBOOK, re.MULTILINE))

    assert {"0", "1", "2", "3", "4", "5", "143"} <= documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_link_leads_somewhere(page: Path) -> None:
    def anchors(path: Path) -> set[str]:
        headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
        plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
        return {heading.replace(" ", "-") for heading in plain}

    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def test_the_pusher_knows_every_command_that_is_shown() -> None:
    parser = _parser()
    text = "".join(page.read_text() for page in PAGES)
    shown = set(re.findall(r"python -m pusher((?: [\w\-]+)*)", text))
    parser.error = _complain  # type: ignore[method-assign, assignment]

    assert len(shown) > 8
    for command in sorted(shown):
        assert parser.parse_args(command.split()).name


def _complain(message: str) -> None:
    raise argparse.ArgumentTypeError(message)


def test_every_script_that_is_shown_exists() -> None:
    text = "".join(page.read_text() for page in PAGES)

    shown = set(re.findall(r"deploy/(\w+\.sh)", text))
    assert shown
    assert [name for name in shown if not (PROJECT_DIR / "deploy" / name).exists()] == []


@pytest.mark.slow
def test_a_deployment_takes_along_what_the_job_needs() -> None:
    """And neither settings nor tests, save dbt's, which are the nightly gates."""
    gcloud = shutil.which("gcloud")
    if not gcloud:
        pytest.skip("the Google Cloud SDK is not installed")
    done = subprocess.run(
        [gcloud, "meta", "list-files-for-upload", "."],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=120,
    )
    files = set(done.stdout.split())
    folders = {name.partition("/")[0] for name in files}

    assert {
        "main.py", "requirements.txt", "dbt_project.yml", "profiles/profiles.yml",
        "pusher/__main__.py", "seeds/hubspot_objects.csv", ".python-version",
    } <= files  # fmt: skip
    assert {"models", "macros"} <= folders
    assert folders.isdisjoint({".env", ".git", ".venv", "deploy", "docs", "sandbox", "target"})
    assert {name for name in files if name.startswith("tests/")} == {
        str(path.relative_to(PROJECT_DIR))
        for path in (PROJECT_DIR / "tests" / "sql").rglob("*")
        if path.is_file()
    }
