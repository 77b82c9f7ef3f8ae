"""The seeds as an analyst left them."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from tests.e2e.oracle.keys import street_key
from tests.e2e.oracle.lists import Lists
from tests.e2e.oracle.names import name_key
from tests.e2e.oracle.values import read_day


def read_lists(seeds: Path) -> Lists:
    placeholders: dict[str, list[str]] = defaultdict(list)
    for row in _rows(seeds, "placeholders"):
        placeholders[row["kind"]].append(row["value"])
    words = {row["word"].lower(): row["standard"].lower() for row in _rows(seeds, "address_words")}
    streets = [street_key(value, None, words) for value in placeholders["street"]]
    births = map(read_day, placeholders["date_of_birth"])
    return Lists(
        address_words=words,
        states={row["name"].casefold(): row["code"].casefold() for row in _rows(seeds, "states")},
        nicknames=_pairs(seeds, "nicknames"),
        unisex_nicknames=_pairs(seeds, "nicknames", where="is_unisex"),
        two_people=_pairs(seeds, "distinct_names"),
        placeholder_emails=frozenset(value.lower() for value in placeholders["email"]),
        placeholder_births=frozenset(birth for birth in births if birth is not None),
        placeholder_streets=frozenset(street for street in streets if street is not None),
        weights={
            (row["field"], row["level"]): (
                float(row["points"]),
                row["evidence"],
                float(row["least_points"]) if row["least_points"] else None,
            )
            for row in _rows(seeds, "match_weights")
        },
        test_markers=tuple(
            (row["marker"], row["place"] == "not_as_surname")
            for row in _rows(seeds, "test_chart_markers")
        ),
    )


def _rows(seeds: Path, name: str) -> list[dict[str, str]]:
    with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _pairs(seeds: Path, name: str, where: str | None = None) -> frozenset[tuple[str, str]]:
    """The first two columns, as names are compared, of all rows or of those that say true."""
    rows = [row for row in _rows(seeds, name) if where is None or row[where] == "true"]
    cells = [list(row.values())[:2] for row in rows]
    return frozenset((name_key(one) or "", name_key(other) or "") for one, other in cells)
