"""The local stack, started once: tests that need BigQuery and HubSpot ask for `stack`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.stack import LocalStack


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
