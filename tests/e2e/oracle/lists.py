"""The seeds: what an analyst may change without touching a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Lists:
    address_words: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    # Pairs of first names that are one person's, and pairs that look so and are two people's.
    nicknames: frozenset[tuple[str, str]] = frozenset()
    # Short for a man's name and a woman's: twins may have the two.
    unisex_nicknames: frozenset[tuple[str, str]] = frozenset()
    two_people: frozenset[tuple[str, str]] = frozenset()
    placeholder_emails: frozenset[str] = frozenset()
    placeholder_births: frozenset[date] = frozenset()
    placeholder_streets: frozenset[str] = frozenset()
    # Field and level of a suspect: points, what they are evidence of, and the points that a common
    # value keeps at least.
    weights: Mapping[tuple[str, str], tuple[float, str, float | None]] = field(default_factory=dict)
    # Words in a name that make a chart nobody's, and whether somebody may be called so.
    test_markers: tuple[tuple[str, bool], ...] = ()
