"""Four labelled sets of people, and what becomes of each: how good is the search for suspects?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tests.analyzer.local_dbt import LocalDbt
from tests.households.county import County, Spec
from tests.households.people import ALONE, CENSUS
from tests.households.traces import FULL, THIN, WRITTEN

# Fewer leads than a clinic has: whoever has none is who may be flagged for nothing.
_LEADS = 60.0
TYPOS = Spec(
    "typos: full data, no email or phone, no households", seed=31, patients=2_500, forms=WRITTEN,
    mix=ALONE, slips=12, chart_lacks=frozenset({"Email", "HomePhone"}), leads=_LEADS,
)  # fmt: skip
COUNTY = Spec(
    "county: full leads, households", seed=32, patients=2_500, forms=FULL, mix=CENSUS, slips=1,
    leads=_LEADS,
)  # fmt: skip
CARELESS = Spec(
    "county, three times the errors", seed=33, patients=2_500, error_rate=3, forms=FULL,
    mix=CENSUS, slips=3, leads=_LEADS,
)  # fmt: skip
SPARSE = Spec(
    "sparse leads: often name and phone, or name and email", seed=34, patients=2_500, forms=THIN,
    mix=CENSUS, slips=1, leads=_LEADS,
)  # fmt: skip
SPECS = (TYPOS, COUNTY, CARELESS, SPARSE)

# Reasons for which a patient would wait anyway; nobody is flagged who waits for them.
_UNFLAGGED = (None, "no_email_no_match", "missing_name", "suspected_duplicate")


@dataclass(frozen=True)
class Fate:
    """What the project made of one chart."""

    reason: str | None
    hubspot_id: str | None
    # Contact → score, twins apart.
    scores: Mapping[str, float]

    @property
    def is_matched(self) -> bool:
        return self.reason is None and self.hubspot_id is not None

    def suspects(self, needed: float) -> set[str]:
        return {contact for contact, score in self.scores.items() if score >= needed}


@dataclass(frozen=True)
class Numbers:
    """Of one set, at one threshold; the shares are in per cent."""

    with_lead: int
    without_lead: int
    found: float
    not_doubled: float
    matches: int
    false_merges: int
    false_flags: float


def fates(dbt: LocalDbt) -> dict[int, Fate]:
    """By the number of the chart."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for row in dbt.query(
        "select natural_key, hubspot_id, score from etl.match_scores where not is_twin_guarded"
    ):
        scores[row["natural_key"]][row["hubspot_id"]] = row["score"]
    rows = dbt.query("select natural_key, reason, hubspot_id from etl.match_contacts")
    return {
        int(row["natural_key"]): Fate(row["reason"], row["hubspot_id"], scores[row["natural_key"]])
        for row in rows
    }


def numbers(county: County, found: Mapping[int, Fate], needed: float) -> Numbers:
    """Only first matches: whose lead carries the key already is known, and no measure."""
    with_lead = without_lead = right = doubled = matches = wrong = flagged = 0
    for number in county.charts:
        fate = found[number]
        own = county.own_leads(number)
        if any(county.leads[lead].is_keyed for lead in own):
            continue
        suspects = set() if fate.is_matched else fate.suspects(needed)
        matches += fate.is_matched
        wrong += fate.is_matched and fate.hubspot_id not in own
        if own:
            with_lead += 1
            right += bool(own & (suspects | ({fate.hubspot_id} if fate.is_matched else set())))
            doubled += fate.reason is None and not fate.is_matched and not suspects
        else:
            without_lead += 1
            flagged += bool(suspects) and fate.reason in _UNFLAGGED
    return Numbers(
        with_lead, without_lead, 100 * right / with_lead, 100 - 100 * doubled / with_lead,
        matches, wrong, 100 * flagged / without_lead,
    )  # fmt: skip
