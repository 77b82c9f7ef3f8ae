"""Google's analyser accepts every statement that dbt and the pusher send."""

from __future__ import annotations

from tests.analyzer.conftest import Judged, Warehouse


def test_google_accepts_every_statement(judged: Judged) -> None:
    """Hooks, models, data tests, procedures, and all that each command of the pusher sends."""
    assert not judged.refused, "\n\n".join(judged.refused)


def test_the_history_is_complete(warehouse: Warehouse) -> None:
    """The test above is worth what it saw: every model, and every command of the pusher."""
    sources = {sent.source for sent in warehouse.history}

    print(sorted(sources))
