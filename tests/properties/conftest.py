from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.analyzer.googlesql import google_sql
from tests.analyzer.local_dbt import local_dbt
from tests.properties.engines import Engines

# Each example is a table of values and two queries, whose texts take longer than their values: few
# examples of many values. `make chaos`
# runs the long profile, with fresh values every time.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
settings.register_profile(
    "short", max_examples=5, derandomize=True, deadline=None, suppress_health_check=_QUIET
)
settings.register_profile("long", max_examples=400, deadline=None, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with local_dbt(tmp_path_factory.mktemp("properties")) as dbt:
        dbt("seed")
        yield Engines(dbt, google_sql())
