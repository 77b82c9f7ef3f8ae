"""One stack and one build for the whole suite; tests go back to the state that they start from.

pytest tests/chaos                 a short set of everything
pytest tests/chaos --chaos=full    at full length: at least twenty kills in each place
CHAOS=full …                       the same, as `make chaos` says it
CHAOS_SEED=17 …                    other kills, other storms
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from sandbox.stack import LocalStack
from tests.chaos.clinic import load_clinic
from tests.chaos.process import Done
from tests.chaos.proxy import BigQueryProxy
from tests.chaos.world import EndState, World

HERE = Path(__file__).parent
LENGTH = os.environ.get("CHAOS", "short")
# One looks at what all the rest have logged; the other leaves a build behind that has failed.
LAST = ("test_no_phi.py", "test_builds.py")

# SQL reads these at build time: a clinic of this size has to reach the limits.
BUILT_WITH = {"MASS_CHANGE_ROWS": "5", "MASS_CHANGE_PERCENT": "10"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--chaos",
        choices=("short", "full"),
        default=LENGTH,
        help="how many kills and faults: a short set, or all of them",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    length = _length(terminalreporter.config)
    terminalreporter.write_line(f"chaos: {length} length, CHAOS_SEED={seed()}")


def _length(config: pytest.Config) -> str:
    """A run of all tests reads this file too late to know of its option."""
    return str(config.getoption("chaos", LENGTH))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: only where the length is full")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.chaos)
        item.add_marker(pytest.mark.slow)
    # Order within the suite: what looks back comes last. Others keep their places.
    ordered = iter(sorted(ours, key=lambda item: _place(item.path.name)))
    known = set(ours)
    items[:] = [next(ordered) if item in known else item for item in items]
    if _length(config) != "full":
        left_out = [item for item in ours if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


def _place(name: str) -> int:
    return LAST.index(name) if name in LAST else -1


def seed() -> int:
    return int(os.environ.get("CHAOS_SEED", "4"))


class Mailbox:
    """Keeps every alert."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        body = message.get_body()
        self.texts.append(f"{message['Subject']}\n{body.get_content() if body else ''}")
        return "250 OK"


@pytest.fixture(scope="package")
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(scope="package")
def mail_url(mailbox: Mailbox) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}"
    controller.stop()


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory, mail_url: str) -> Iterator[World]:
    """The clinic on the day it moves over, built; nothing pushed yet."""
    folder = tmp_path_factory.mktemp("chaos")
    with LocalStack(work_dir=folder, settings=BUILT_WITH) as stack:
        # How fast HubSpot may be asked is the limiter's own test.
        stack.hubspot.set(burst_limit=100_000, daily_limit=0, search_limit=0)
        load_clinic(stack)
        stack.dbt("build")
        proxy = BigQueryProxy(stack.emulator.url)
        try:
            world = World(stack, proxy, folder, mail_url)
            for kind in ("contacts", "p_roi"):
                world.old_ids(kind)
            world.save("fresh")
            yield world
        finally:
            proxy.close()


@pytest.fixture(scope="package")
def first_stop(built: World) -> Done:
    """The first run of a clinic that moves over: it reads HubSpot, and stops at a gate. Leaves
    the state `ready`: all is known, and nothing is sent."""
    done = built.run()
    assert built.run("check").exit_code == 0
    built.save("ready")
    return done


@pytest.fixture(scope="package")
def first_run(built: World, first_stop: Done) -> Done:
    """The undisturbed run that all others are compared with. Leaves the state `done`."""
    built.restore("ready")
    done = built.push()
    built.save("done")
    return done


@pytest.fixture(scope="package")
def undisturbed(built: World, first_run: Done) -> EndState:
    """Where every run has to end, whatever was done to it."""
    assert first_run.exit_code == 0, first_run
    built.restore("done")
    return built.end_state()


@pytest.fixture
def world(built: World, undisturbed: EndState) -> World:
    """Everything known to the mirror, nothing sent yet."""
    built.restore("ready")
    return built
