"""What became of every chart of a county, held against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.households.county import County

# A chart whose person has a lead that nobody has claimed is matched right, held for a person to
# look at, or doubled. One that has none is created or held. Either may be matched wrong, which is
# the worst: one person's data on another's record.
RIGHT, HELD, DOUBLED, WRONG = "right", "held", "doubled", "wrong"
NEW, HELD_BACK, KNOWN = "new", "held back", "known"
OUTCOMES = (RIGHT, HELD, DOUBLED, WRONG, NEW, HELD_BACK)


@dataclass
class Score:
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    by_tier: dict[str, Counter[str]] = field(default_factory=dict)
    held_for: Counter[str] = field(default_factory=Counter)
    outcomes: dict[int, str] = field(default_factory=dict)
    # chart, lead
    wrong: list[tuple[int, str]] = field(default_factory=list)

    @property
    def total(self) -> Counter[str]:
        return sum(self.by_kind.values(), Counter())

    @property
    def first_matches(self) -> int:
        return self.total[RIGHT] + self.total[WRONG]

    def table(self) -> str:
        """One line per kind of household, then per tier."""
        heads = " ".join(f"{name:>9}" for name in OUTCOMES)
        lines = [f"{'':32}{heads}"]
        for counts in (self.by_kind, self.by_tier, {"all": self.total}):
            lines += [
                f"{name:32}" + " ".join(f"{count[outcome]:9}" for outcome in OUTCOMES)
                for name, count in sorted(counts.items())
            ]
        lines += [f"held: {reason:40}{count:9}" for reason, count in self.held_for.most_common()]
        return "\n".join(lines)


def score(county: County, decisions: Iterable[Mapping[str, Any]]) -> Score:
    """`decisions` are rows of sync_status for the patients."""
    result = Score()
    for row in decisions:
        number = int(row["natural_key"])
        own = county.own_leads(number)
        outcome = _outcome(row, own, county)
        result.outcomes[number] = outcome
        result.by_kind.setdefault(county.people[number].kind, Counter())[outcome] += 1
        if outcome in (RIGHT, WRONG):
            result.by_tier.setdefault(f"by {row['match_tier']}", Counter())[outcome] += 1
        if outcome == HELD:
            result.held_for[row["reason"]] += 1
        if outcome == WRONG:
            result.wrong.append((number, row["hubspot_id"]))
    return result


def _outcome(row: Mapping[str, Any], own: set[str], county: County) -> str:
    free = {lead for lead in own if not county.leads[lead].is_keyed}
    if row["state"] in ("create", "update", "unchanged"):
        if row["hubspot_id"] is not None and row["hubspot_id"] not in own:
            return WRONG
        if own - free:
            return KNOWN
        if row["hubspot_id"] is not None:
            return RIGHT
        return DOUBLED if free else NEW
    return HELD if free else HELD_BACK
