"""`dbt build` at growing sizes, with as many contacts in HubSpot as there are patients."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from bench.pushes import DBT, report_layers
from bench.results import Results, number
from bench.world import UNLIMITED, World
from sandbox.sample_data import Clinic

GROWTH = 12


def run(results: Results, folder: Path, sizes: tuple[int, ...]) -> None:
    """Everything built anew at each size, on a mirror that is already there."""
    totals: dict[int, float] = {}
    for size in sizes:
        clinic = Clinic(patients=size, rois=size // 10, contacts=size)
        with World(folder / str(size), clinic, UNLIMITED) as world:
            world.build()
            world.push("mirror")
            full = world.build("--full-refresh")
            title = f"{number(size)} patients and contacts, everything anew"
            totals[size] = report_layers(results, world, title)
            results.add(DBT, f"{title}: whole process", "s", [full.wall_seconds])
            again = world.build()
            title = f"{number(size)} patients and contacts, nothing new: whole process"
            results.add(DBT, title, "s", [again.wall_seconds])
    for smaller, larger in pairwise(sizes):
        results.add(
            DBT,
            f"{number(smaller)} → {number(larger)} patients, all layers",
            "times",
            [totals[larger] / totals[smaller]],
            at_most=GROWTH if smaller >= 100_000 else None,
        )
