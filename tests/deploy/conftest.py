"""The deploy scripts, run against the stand-in for `gcloud` and `bq`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
DEPLOY_DIR = PROJECT_DIR / "deploy"


@dataclass(frozen=True)
class Call:
    """One recorded command."""

    program: str
    arguments: list[str]
    verb: str
    standard_input: str | None = None
    env_vars: str | None = None
    file: dict[str, Any] | None = None

    @property
    def flags(self) -> dict[str, str]:
        pairs = (word[2:].partition("=") for word in self.arguments if word.startswith("--"))
        return {name: value for name, _, value in pairs}

    @property
    def words(self) -> list[str]:
        words = [word for word in self.arguments if not word.startswith("-")]
        return words[len(self.verb.split()) - 1 :]


class Cloud:
    """A Google Cloud that only remembers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = folder / "bin"
        self._bin.mkdir(parents=True)
        for program in ("gcloud", "bq"):
            wrapper = self._bin / program
            shutil.copy(Path(__file__).with_name("stand_in.py"), wrapper)
            text = wrapper.read_text().split("\n", 1)[1]
            # Without site packages it starts in a third of the time.
            wrapper.write_text(f"#!{sys.executable} -IS\n{text}")
            wrapper.chmod(0o755)

    def run(
        self, script: str, *arguments: str, standard_input: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONHASHSEED": "0",
            "STAND_IN_DIR": str(self.folder),
            "SETTINGS_FILE": str(self.folder / "settings.env"),
            "GCP_PROJECT_ID": "clinic",
            "ALERT_EMAIL_TO": "ops@clinic.example",
            **settings,
        }
        return subprocess.run(
            [str(DEPLOY_DIR / script), *arguments],
            env=environment,
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def deploy(self, script: str = "deploy.sh", *arguments: str, **settings: str) -> list[Call]:
        """Runs a script that must succeed; returns what it called."""
        before = len(self.calls)
        done = self.run(script, *arguments, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.calls[before:]

    @property
    def calls(self) -> list[Call]:
        record = self.folder / "calls.jsonl"
        lines = record.read_text().splitlines() if record.exists() else []
        return [Call(**json.loads(line)) for line in lines]


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path / "cloud")
