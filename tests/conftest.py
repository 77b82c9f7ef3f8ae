"""The local stack, started once: tests that need BigQuery and HubSpot ask for `stack`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from sandbox.stack import LocalStack

# Each of these folders shares what takes long to start, or looks at what all its tests left.
KEPT_TOGETHER = ("chaos", "properties", "pusher", "simulator")


class ByFile(LoadScopeScheduling):
    """Where several processes share the tests, one takes a whole file, or a whole folder."""

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        return path.parent.name if path.parent.name in KEPT_TOGETHER else str(path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Emulator and simulator for the whole session; use `stack`, which empties them first."""
    with LocalStack(work_dir=tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def stack(running_stack: LocalStack) -> LocalStack:
    """The running stack, as good as new."""
    running_stack.reset()
    return running_stack
