"""The local stack, started once: tests that need BigQuery and HubSpot ask for `stack`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.stack import LocalStack

# Each of these folders shares what takes long to start, or looks at what all its tests left.
KEPT_TOGETHER = ("chaos", "pusher", "properties", "simulator")


@pytest.hookimpl(tryfirst=True)  # before the groups are looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one process runs in one go, where several share the tests: a file, or a folder."""
    for item in items:
        folder = item.path.parent.name
        group = folder if folder in KEPT_TOGETHER else f"{folder}/{item.path.stem}"
        item.add_marker(pytest.mark.xdist_group(group))


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
