"""dbt's own command line, each time in a process forked from one that has dbt loaded.

To load dbt takes as long as many a command that the local stack gives it. So one process does that
once and waits: `run` sends it a command line, and a child with the settings, the folder and the
output of that one command carries it out.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from threading import Lock

PROJECT_DIR = Path(__file__).resolve().parent.parent


def run(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], log_path: Path) -> int:
    """`dbt` with these arguments; its exit code. What it prints goes to the log."""
    return _loaded().run(
        {"arguments": list(arguments), "cwd": str(cwd), "env": dict(env), "log": str(log_path)}
    )


class _Loaded:
    """The waiting process. It ends with this one, since its standard input ends then."""

    def __init__(self) -> None:
        self._one_at_a_time = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.dbt"],
            cwd=PROJECT_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, request: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that has dbt loaded is gone")
        return int(answer)

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


@lru_cache(maxsize=1)
def _loaded() -> _Loaded:
    loaded = _Loaded()
    atexit.register(loaded.close)
    return loaded


def _serve() -> None:
    # Ctrl-C is for the command that runs, and for who waits for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Imported, and no more: a first parse starts threads, which a forked child would not have.
    import_module("dbt.adapters.bigquery")
    from dbt.cli.main import cli

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _carry_out(cli, **json.loads(line))
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _carry_out(
    cli: Callable[..., object], arguments: list[str], cwd: str, env: dict[str, str], log: str
) -> None:
    """In the child, which ends here."""
    exit_code: object = 1
    try:
        with open(log, "wb") as output, open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        cli(arguments, prog_name="dbt")
    except SystemExit as ending:
        exit_code = ending.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code if isinstance(exit_code, int) else int(exit_code is not None))


if __name__ == "__main__":
    _serve()
