"""What was measured: one list, printed as a table, written as JSON, drawn as a plot."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One line of the table: all runs of it, and what it has to be."""

    section: str
    what: str
    unit: str
    values: list[float]
    target: str = ""
    is_met: bool | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        if not self.values:
            return "not measured", "", "", ""
        spread = ""
        if len(self.values) > 1:
            spread = f" ({number(min(self.values))}–{number(max(self.values))})"
        return (
            f"{number(self.median)}{spread} {self.unit}".rstrip(),
            str(len(self.values)),
            self.target,
            {True: "met", False: "NOT MET", None: ""}[self.is_met],
        )


@dataclass
class Results:
    """The measures so far."""

    form: str
    measures: list[Measure] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add(
        self,
        section: str,
        what: str,
        unit: str,
        values: Iterable[float],
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        note: str = "",
    ) -> None:
        runs = list(values)
        if not runs:
            return
        target, is_met = "", None
        if at_most is not None:
            target, is_met = f"≤ {number(at_most)}", median(runs) <= at_most
        if at_least is not None:
            target, is_met = f"≥ {number(at_least)}", median(runs) >= at_least
        self.measures.append(Measure(section, what, unit, runs, target, is_met, note))
        print(f"    {self.measures[-1].what}: {number(median(runs))} {unit}", flush=True)

    def missing(self, section: str, what: str, why: str) -> None:
        """A line for what could not be measured."""
        self.measures.append(Measure(section, what, "", [], note=why))
        print(f"    {what}: {why}", flush=True)

    def machine(self) -> dict[str, Any]:
        return {
            "cpus": os.cpu_count(),
            "cpu": _cpu_name(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load_before": self.load_before,
            "load_after": os.getloadavg(),
        }

    def table(self) -> str:
        """All measures, and below them what has to be said about them."""
        rows: list[tuple[str, ...]] = [("", "median (least–most)", "runs", "target", "")]
        notes: list[str] = []
        section = ""
        order = list(dict.fromkeys(one.section for one in self.measures))
        for one in sorted(self.measures, key=lambda one: order.index(one.section)):
            if one.section != section:
                section = one.section
                rows.append((section.upper(),))
            mark = ""
            if one.note:
                if one.note not in notes:
                    notes.append(one.note)
                mark = f" [{notes.index(one.note) + 1}]"
            rows.append((f"  {one.what}{mark}", *one.cells))
        widths = [max(len(row[place]) for row in rows if len(row) > place) for place in range(5)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
            for row in rows
        ]
        lines += ["", *(f"[{place}] {note}" for place, note in enumerate(notes, 1))]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "form": self.form,
            "started_at": self.started_at.isoformat(),
            "finished_at": datetime.now(UTC).isoformat(),
            "machine": self.machine(),
            "measures": [
                {**asdict(one), **({"median": one.median} if one.values else {})}
                for one in self.measures
            ],
            **self.extra,
        }
        text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
        path.write_text(text + "\n", encoding="utf-8")


def number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
