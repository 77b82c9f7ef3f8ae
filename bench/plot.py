"""The few numbers that are worth a picture."""

from __future__ import annotations

from pathlib import Path

from bench.results import Measure, Results, number

OURS, THEIRS = "#2f6f9f", "#b0b0b0"


def draw(results: Results, path: Path) -> None:
    """Rates of this project and of what would be used instead, and requests per record."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rates = [one for one in results.measures if one.values and _is_rate(one)]
    requests = [one for one in results.measures if one.values and _is_requests(one)]
    if not rates:
        return
    rows = max(len(rates), len(requests))
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 0.8 + 0.36 * rows), dpi=90)
    for axis, measures, title in (
        (axes[0], rates, "records a second"),
        (axes[1], requests, "HubSpot requests a record"),
    ):
        names = [_name(one) for one in measures]
        values = [one.median for one in measures]
        colours = [OURS if one.section.startswith("push") else THEIRS for one in measures]
        errors = [
            [one.median - min(one.values) for one in measures],
            [max(one.values) - one.median for one in measures],
        ]
        bars = axis.barh(names, values, xerr=errors, color=colours, height=0.62)
        axis.bar_label(bars, [number(value) for value in values], padding=4, fontsize=8)
        axis.set_xscale("log")
        axis.invert_yaxis()
        axis.margins(x=0.25)
        axis.set_title(f"{title} (log)", fontsize=9)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    pyplot.close(figure)


def _is_rate(one: Measure) -> bool:
    return one.unit == "records/s" and "last request sent" not in one.what and _is_shown(one)


def _is_requests(one: Measure) -> bool:
    return (one.what.startswith("requests per") or one.unit == "per record") and _is_shown(one)


def _is_shown(one: Measure) -> bool:
    return one.section.startswith("push") or one.section == "instead"


def _name(one: Measure) -> str:
    if one.section == "instead":
        return one.what.partition(":")[0]
    return one.section.removeprefix("push: ").replace(" requests/10 s", "/10 s")
