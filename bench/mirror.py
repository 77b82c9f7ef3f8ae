"""Reading HubSpot back: all of it, and what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.results import Results, number
from bench.world import LATENCY_MS, PER_RECORD_MS, UNLIMITED, Push, World
from sandbox.sample_data import Clinic

SECTION = "mirror"
PAGE = 100
BURST = 190
SLOW = 500
AT_ONCE = 10_400  # more than a search will page through

CURSOR = (
    "A page names the next one, so one page is under way at a time: the limit is its latency, "
    f"{LATENCY_MS} ms + {PAGE} × {PER_RECORD_MS} ms."
)


def run(results: Results, folder: Path, contacts: int) -> None:
    """A large portal, in a world of its own."""
    with World(folder, Clinic(50, 50, contacts=0), UNLIMITED) as world:
        world.build()
        world.push("mirror")
        measure(results, world, contacts)


def measure(results: Results, world: World, contacts: int) -> None:
    """Full, at two latencies where there are contacts to add, and a delta of an import, in a
    world that has been built."""
    if contacts:
        _add(world, SLOW, "slow")
        world.limits(BURST, LATENCY_MS, PER_RECORD_MS)
        limit = PAGE / (LATENCY_MS + PAGE * PER_RECORD_MS) * 1000
        slow = world.push("mirror", "--full")
        results.add(SECTION, f"full, 0.8 s a page, of {number(limit)}", "records/s",
                    [_list_rate(slow)], note=CURSOR)  # fmt: skip

    world.limits(BURST, 0, 0)
    _add(world, max(0, contacts - SLOW - AT_ONCE), "fast")
    full = world.push("mirror", "--full")
    held = _held_by_hubspot(world)
    ceiling = BURST * PAGE / 10
    results.add(SECTION, f"full, {number(held)} contacts, answered at once, of {number(ceiling)}",
                "records/s", [_list_rate(full)])  # fmt: skip
    results.add(SECTION, f"full, {number(held)} contacts: peak memory", "MB", [full.cost.peak_mb])
    results.add(SECTION, f"full, {number(held)} contacts: CPU", "µs per record",
                [full.cost.cpu_seconds / held * 1e6], note="start-up included")  # fmt: skip

    world.limits(BURST, LATENCY_MS, PER_RECORD_MS)
    _same_instant(world)
    delta = world.push("mirror")
    searches = [
        entry
        for entry in delta.traffic.entries
        if _is_search(entry) and entry["object_type"] == "contacts"
    ]
    read = sum(entry["records"] for entry in searches)
    results.add(SECTION, f"delta, {number(AT_ONCE)} changed in one instant: records read", "",
                [float(read)], at_least=AT_ONCE)  # fmt: skip
    results.add(
        SECTION, "delta: searches, of 5", "per second", [len(searches) / _seconds(searches)]
    )
    results.add(SECTION, "delta: 429s", "",
                [float(sum(entry["status"] == 429 for entry in delta.traffic.entries))],
                at_most=0)  # fmt: skip
    results.add(SECTION, "delta: records that HubSpot has and the mirror lacks", "",
                [float(_held_by_hubspot(world) - _held_by_mirror(world))], at_most=0)  # fmt: skip


def report_delta(results: Results, pushes: list[Push], startup: float) -> None:
    """Reading back what the run before has created, by search."""
    searches = [[one for one in push.traffic.entries if _is_search(one)] for push in pushes]
    read = [sum(entry["records"] for entry in entries) for entries in searches]
    title = f"delta after creating {number(read[0])} records"
    results.add(SECTION, f"{title}: searches, of 5", "per second",
                [len(entries) / _seconds(entries) for entries in searches])  # fmt: skip
    results.add(SECTION, f"{title}: CPU", "µs per record",
                [(push.cost.cpu_seconds - startup) / records * 1e6
                 for push, records in zip(pushes, read, strict=True)])  # fmt: skip


def _is_search(entry: dict[str, Any]) -> bool:
    return str(entry["path"]).endswith("/search")


def _add(world: World, count: int, name: str) -> None:
    world.stack.hubspot.load(
        "contacts",
        (
            {
                "properties": {
                    "email": f"{name}{number}@example.net",
                    "firstname": "Ann",
                    "lastname": f"Lead {number}",
                    "phone": "(303) 555-0100",
                }
            }
            for number in range(count)
        ),
        ids=False,
    )


def _same_instant(world: World) -> None:
    """An import: more records than a search pages through, all modified at one moment."""
    hubspot = world.stack.hubspot
    hubspot.set(clock_fixed_ms=int(hubspot.health()["now_ms"]))
    _add(world, AT_ONCE, "import")
    hubspot.set(clock_fixed_ms=None)


def _held_by_hubspot(world: World) -> int:
    return int(world.stack.hubspot.health()["types"]["contacts"]["live"])


def _held_by_mirror(world: World) -> int:
    rows = world.stack.query(
        f"""select count(*) as held from `{world.stack.etl}.hubspot_mirror`
        where entity = 'patients' and not is_dead"""
    )
    return int(rows[0]["held"])


def _list_rate(push: Push) -> float:
    pages = [
        entry
        for entry in push.traffic.entries
        if entry["method"] == "GET"
        and entry["object_type"] == "contacts"
        and "/objects/" in entry["path"]
    ]
    return float(sum(entry["records"] for entry in pages) / _seconds(pages))


def _seconds(entries: list[dict[str, Any]]) -> float:
    return float(entries[-1]["answered_monotonic"] - entries[0]["received_monotonic"])
