"""The pusher at HubSpot's limits: rate, requests, CPU, memory; and a run with nothing to do."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bench import mirror, scans
from bench.results import Results, number
from bench.world import LATENCY_MS, NARROW, PER_RECORD_MS, PROMPT, WIDE, Push, World
from sandbox.sample_data import Clinic

SHARE = 0.97
CPU_MICROSECONDS = 125
MEMORY_GROWTH = 1.15
RECORDS_AT_ONCE = 100
# From how many records on the shares of start and end, two seconds, are small enough to judge.
JUDGED_RECORDS = 90_000
FEW_ROIS = 100  # dbt takes an empty source for a broken one
# Below that, the last and smaller batch of each kind counts for too much, and so do the tenths of
# a second by which two starts differ.
FULL_BATCHES = 5_000

SHORT = (
    "Too short to be judged: the wait for the last answer (0.8 s) and the first ten seconds' worth "
    "of learning the limit count in full. 100,000 records are judged (BENCH=full)."
)
DBT = "dbt build"
LAYERS = "Execution seconds as dbt reports them, summed over its threads."
GUARDED = "Each batch is read before it is written."
CPU = "User and system time of the whole process, less that of a run with nothing to do."
IDLE = (
    "The run's own wall time, less the time it waited for BigQuery by its log. Where two entities "
    "wait at once, their waits add up, so a little too much is taken off."
)


def sample(results: Results, folder: Path, runs: int) -> None:
    """The sample project: build, push, nothing to do; then its mirror."""
    with World(folder, Clinic(), WIDE) as world:
        first = world.build()
        results.add(DBT, "sample project, first build: whole process", "s", [first.wall_seconds])
        report_layers(results, world, "sample project, first build")
        world.push()
        world.push()  # learns what HubSpot made of the first
        _idle(results, world, runs)
        builds = [world.build() for _ in range(max(1, runs // 2))]
        results.add(DBT, "sample project, nothing new: whole process", "s",
                    [build.wall_seconds for build in builds], at_most=25)  # fmt: skip
        report_layers(results, world, "sample project, nothing new")
        results.extra["scans"] = scans.report(*scans.daily(world))
        mirror.measure(results, world, 0)


def _idle(results: Results, world: World, runs: int) -> None:
    section = "nothing to do (sample project)"
    quiet = [world.push() for _ in range(runs)]
    writes = [float(len(push.traffic.writes)) for push in quiet]
    results.add(section, "writes", "", writes, at_most=0)
    asked = [float(push.cost.finished["hubspot_requests"]) for push in quiet]
    results.add(section, "HubSpot requests", "", asked, at_most=14)
    trips = [float(push.cost.finished["bigquery_round_trips"]) for push in quiet]
    results.add(section, "BigQuery round trips", "", trips)
    results.add(section, "whole process", "s", [push.cost.wall_seconds for push in quiet])
    results.add(section, "whole process without BigQuery", "s",
                [_own_seconds(push) for push in quiet], at_most=3, note=IDLE)  # fmt: skip
    results.add(section, "CPU", "s", [push.cost.cpu_seconds for push in quiet])
    world.limits(burst=190, latency_ms=0, per_record_ms=0)
    near = [world.push() for _ in range(max(1, runs // 2))]
    results.add(section, "whole process without BigQuery, HubSpot answering at once", "s",
                [_own_seconds(push) for push in near], note=IDLE)  # fmt: skip


def run(results: Results, folder: Path, patients: int, rois: int, runs: int, *, burst: int) -> None:
    """Create everything, change everything, several times over; patients, then ROIs."""
    ceiling = burst * RECORDS_AT_ONCE / 10
    pushed: defaultdict[str, list[Push]] = defaultdict(list)
    quiet: list[Push] = []
    reading: list[Push] = []
    changes = ("--allow-mass-change", "--entity")
    clinic = Clinic(patients, rois, contacts=0)
    with World(folder, clinic, WIDE if burst == 190 else NARROW) as it:
        it.build()
        report_layers(results, it, f"first build, {number(patients)} patients, {number(rois)} ROIs")
        for turn in range(runs):
            if turn:
                it.forget()
            it.limits(burst, 0, 0)
            it.push("mirror")  # what the portal holds before: reading it is no part of pushing
            it.limits(burst, LATENCY_MS, PER_RECORD_MS)
            pushed["creates"].append(it.push(*changes, "patients"))
            pushed["guarded creates"].append(it.push(*changes, "rois"))
            reading.append(it.push("mirror"))
            it.change(turn)
            it.build()
            pushed["updates"].append(it.push(*changes, "patients"))
            pushed["guarded updates"].append(it.push(*changes, "rois"))
            it.push("--entity", "patients")
            quiet.append(it.push("--entity", "patients"))
        report_layers(results, it, f"build with every row changed, {number(patients)} patients")
    startup = min(push.cost.cpu_seconds for push in quiet)
    for kind, pushes in pushed.items():
        limit = ceiling / 2 if kind.startswith("guarded") else ceiling
        _report(results, kind, pushes, limit, startup, burst)
    mirror.report_delta(results, reading, startup)


def memory(results: Results, folder: Path, sizes: tuple[int, ...]) -> None:
    """First loads of several sizes, answered at once: what grows with the queue."""
    peaks: list[float] = []
    for size in sizes:
        with World(folder / str(size), Clinic(size, FEW_ROIS, contacts=0), PROMPT) as world:
            world.build()
            push = world.push("--entity", "patients")
            title = f"{number(push.traffic.records)} queued"
            results.add("memory", f"{title}: peak", "MB", [push.cost.peak_mb])
            results.add("memory", f"{title}: rate", "records/s", [push.traffic.rate])
            own = push.cost.cpu_seconds / push.traffic.records * 1e6
            results.add("memory", f"{title}: CPU, start-up included", "µs per record", [own])
            peaks.append(push.cost.peak_mb)
    if peaks[1:]:
        results.add("memory", "the last by the first", "times", [peaks[-1] / peaks[0]],
                    at_most=MEMORY_GROWTH)  # fmt: skip


def _report(
    results: Results, kind: str, pushes: list[Push], ceiling: float, startup: float, burst: int
) -> None:
    records = pushes[0].traffic.records
    section = f"push: {kind}, {number(records)} records, {burst} requests/10 s"
    is_long = records >= JUDGED_RECORDS
    is_guarded = kind.startswith("guarded")
    request_limit = 0.0205 if is_guarded else 0.0105
    results.add(
        section,
        f"rate, of {number(ceiling)}",
        "records/s",
        [push.traffic.rate for push in pushes],
        at_least=SHARE * ceiling if is_long else None,
        note=(GUARDED if is_guarded else "") if is_long else SHORT,
    )
    results.add(section, "rate, to the last request sent", "records/s",
                [push.traffic.steady_rate for push in pushes])  # fmt: skip
    results.add(section, "429s after the first 10 s", "",
                [push.traffic.late_429s for push in pushes], at_most=0)  # fmt: skip
    results.add(section, "requests per record", "",
                [len(push.traffic.shipping) / push.traffic.records for push in pushes],
                at_most=request_limit if records >= FULL_BATCHES else None)  # fmt: skip
    if records >= FULL_BATCHES:
        own = [(push.cost.cpu_seconds - startup) / push.traffic.records * 1e6 for push in pushes]
        results.add(section, "CPU", "µs per record", own,
                    at_most=CPU_MICROSECONDS if is_long else None,
                    note=CPU)  # fmt: skip
    results.add(section, "peak memory", "MB", [push.cost.peak_mb for push in pushes])
    trips = [float(push.cost.finished["bigquery_round_trips"]) for push in pushes]
    results.add(section, "BigQuery round trips", "", trips)


def _own_seconds(push: Push) -> float:
    return float(push.cost.wall_seconds - push.cost.finished["bigquery_seconds"])


def report_layers(results: Results, world: World, title: str) -> float:
    """Execution seconds of the latest build by layer; their sum."""
    layers = world.layers()
    for layer, seconds in sorted(layers.items(), key=lambda item: -item[1]):
        results.add(DBT, f"{title}: {layer}", "s", [seconds])
    results.add(DBT, f"{title}: all layers", "s", [sum(layers.values())], note=LAYERS)
    return sum(layers.values())
