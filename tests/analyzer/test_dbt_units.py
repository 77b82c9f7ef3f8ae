"""dbt's own unit tests, which the nightly build leaves out."""

from __future__ import annotations

from collections import Counter

from tests.analyzer.compiled import Project


def test_dbt_unit_tests_pass(project: Project) -> None:
    """Each match tier, each reason, precedence, nulls, both changes of the clock, and so on."""
    # Hooks have results, too.
    results = [
        result for result in project.run_unit_tests() if result.node.resource_type == "unit_test"
    ]

    assert Counter(str(result.status) for result in results) == {"pass": len(results)}
    assert results
