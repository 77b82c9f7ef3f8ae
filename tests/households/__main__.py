"""`python -m tests.households [patients]`: the search for suspects on four labelled sets.

Each set is a portal of its own. Prints the table of docs/matching.md, and draws what a threshold
finds and whom it flags for nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tests.analyzer.local_dbt import local_dbt
from tests.e2e.oracle.values import NEW_YORK
from tests.households.county import make_county
from tests.households.four_sets import SPECS, Numbers, fates, numbers
from tests.households.warehouse import load

NEEDED = 3.0
THRESHOLDS = [step / 2 for step in range(-8, 25)]
PLOT = Path("docs/matching.png")


def main(patients: int) -> None:
    curves: dict[str, Sequence[Numbers]] = {}
    print("| Set | Found | Not doubled | False merges | False flags |\n|---|---|---|---|---|")
    for spec in SPECS:
        county = make_county(replace(spec, patients=patients), datetime.now(NEW_YORK).date())
        with tempfile.TemporaryDirectory() as work_dir, local_dbt(Path(work_dir)) as dbt:
            load(dbt, [county])
            found = fates(dbt)
        curves[spec.name] = [numbers(county, found, needed) for needed in THRESHOLDS]
        print(_line(spec.name, numbers(county, found, NEEDED)), flush=True)
    _draw(curves)


def _line(name: str, got: Numbers) -> str:
    return (
        f"| {name} | {got.found:.1f} % of {got.with_lead:,} | {got.not_doubled:.1f} %"
        f" | {got.false_merges} of {got.matches:,} | {got.false_flags:.2f} % of"
        f" {got.without_lead:,} |"
    )


def _draw(curves: Mapping[str, Sequence[Numbers]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.6), dpi=90)
    for axis, measure, title in zip(
        axes,
        ("found", "not_doubled", "false_flags"),
        ("found, %", "not doubled, %", "flagged without a lead, %"),
        strict=True,
    ):
        for name, curve in curves.items():
            heights = [getattr(one, measure) for one in curve]
            axis.plot(THRESHOLDS, heights, label=name.partition(":")[0])
        axis.axvline(NEEDED, color="#b0b0b0", linewidth=1, linestyle="--")
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("suspect_points")
    axes[2].set_yscale("symlog", linthresh=0.1)
    axes[2].set_ylim(bottom=0)
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(PLOT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
