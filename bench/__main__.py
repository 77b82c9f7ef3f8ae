"""`python -m bench`: starts what it needs, measures, prints one table.

BENCH=quick (minutes), BENCH=medium (an hour) or BENCH=full (the default: hours); a single
part: `python -m bench quick --only push`. The table is also in .local/bench/results.json, with a
plot beside it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import baselines, builds, mirror, plot, pushes
from bench.process import BenchError
from bench.results import Results
from sandbox.stack import PROJECT_DIR, StackError

FOLDER = PROJECT_DIR / ".local" / "bench"


@dataclass(frozen=True)
class Form:
    """How much of everything; a pushed world is patients, ROIs, and how many times over."""

    idle_runs: int
    pushed: tuple[tuple[int, int, int], ...]
    pushed_narrow: tuple[tuple[int, int, int], ...] = ()  # at 100 requests in ten seconds
    memory: tuple[int, ...] = ()  # patients, a quarter more than are queued
    built: tuple[int, ...] = ()
    mirrored: int = 0
    baseline_records: int = 300


FORMS = {
    "tiny": Form(1, ((300, 100, 1),), baseline_records=4),
    "quick": Form(2, ((6_500, 1_000, 1),), baseline_records=10),
    "medium": Form(
        3,
        ((10_000, 10_000, 3), (118_000, 10_000, 1)),
        memory=(12_400, 118_000),
        built=(10_000, 100_000),
        mirrored=100_000,
        baseline_records=100,
    ),
    "full": Form(
        5,
        ((10_000, 10_000, 3), (118_000, 110_000, 3)),
        ((118_000, 110_000, 1),),
        memory=(12_400, 1_250_000),
        built=(10_000, 100_000, 1_000_000),
        mirrored=1_000_000,
    ),
}


def main() -> int:
    parts: dict[str, Callable[[Results, Path, Form], None]] = {
        "sample": lambda results, folder, form: pushes.sample(results, folder, form.idle_runs),
        "push": _push,
        "instead": lambda results, folder, form: baselines.run(
            results, folder, form.baseline_records
        ),
        "builds": lambda results, folder, form: builds.run(results, folder, form.built),
        "mirror": _mirror,
        "memory": lambda results, folder, form: pushes.memory(results, folder, form.memory),
    }
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("form", nargs="?", choices=FORMS, default=os.environ.get("BENCH") or "full")
    parser.add_argument("--only", choices=parts, action="append", help="one part; repeatable")
    parser.add_argument("--plot", type=Path, default=FOLDER / "performance.png")
    options = parser.parse_args()
    if options.form not in FORMS:
        parser.error(f"BENCH is one of {', '.join(FORMS)}")

    results = Results(options.form)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, part in parts.items():
            if options.only and name not in options.only:
                continue
            started = time.monotonic()
            print(f"{name} …", flush=True)
            place = Path(folder) / name
            place.mkdir()
            try:
                part(results, place, FORMS[options.form])
            except (BenchError, StackError) as error:
                # Said in the table, and the other parts are still worth having.
                print(error, file=sys.stderr)
                results.missing(name, f"{name} broke off", str(error).splitlines()[0])
            print(f"  {name}: {time.monotonic() - started:.0f} s", flush=True)
            results.write(FOLDER / "results.json")
    plot.draw(results, options.plot)
    machine = results.machine()
    print(
        f"\n{results.table()}\n\n{machine['cpus']} × {machine['cpu']}, {machine['memory_gb']} GB; "
        f"load {machine['load_before'][0]:.1f} before, {machine['load_after'][0]:.1f} after\n"
        f"{FOLDER / 'results.json'}, {options.plot}"
    )
    return 0 if all(one.values for one in results.measures) else 1


def _mirror(results: Results, folder: Path, form: Form) -> None:
    if form.mirrored:
        mirror.run(results, folder, form.mirrored)


def _push(results: Results, folder: Path, form: Form) -> None:
    for number, (patients, rois, runs) in enumerate(form.pushed):
        pushes.run(results, folder / f"wide-{number}", patients, rois, runs, burst=190)
    for number, (patients, rois, runs) in enumerate(form.pushed_narrow):
        pushes.run(results, folder / f"narrow-{number}", patients, rois, runs, burst=100)


if __name__ == "__main__":
    sys.exit(main())
