"""The gate: no two people become one, measured against the truth on counties of households.

The counties are loaded as AdvancedMD's table and HubSpot's mirror, and the project's own views
decide. What is printed (`pytest -s`) is the measure of a change to the matching rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.analyzer.local_dbt import PROJECT_DIR, local_dbt
from tests.e2e.oracle import read_lists
from tests.e2e.oracle.values import NEW_YORK
from tests.households.county import County, Spec, make_county
from tests.households.older_rules import older_right_matches
from tests.households.score import HELD, RIGHT, WRONG, Score, score
from tests.households.traces import SPARSE
from tests.households.warehouse import load

pytestmark = pytest.mark.slow

USUAL = Spec("a county", seed=1, patients=33_000)
CARELESS = Spec("three times the errors", seed=2, patients=8_000, error_rate=3)
THIN = Spec("sparse leads", seed=3, patients=8_000, forms=SPARSE)
# Chart numbers of one county are told from another's by their millions.
SPECS = {1_000_000 * (place + 1): spec for place, spec in enumerate((USUAL, CARELESS, THIN))}


@dataclass(frozen=True)
class Judged:
    county: County
    score: Score
    # What the rules before the guards matched right.
    older_right: set[int]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Judged]]:
    """All counties in one warehouse, decided by the views that the push reads."""
    today = datetime.now(NEW_YORK).date()
    counties = {
        spec.name: make_county(spec, today, first_number=first) for first, spec in SPECS.items()
    }
    lists = read_lists(Path(PROJECT_DIR) / "seeds")
    with local_dbt(tmp_path_factory.mktemp("households")) as dbt:
        load(dbt, counties.values())
        rows = dbt.query("select * from etl.sync_status where entity = 'patients'")
        yield {
            name: Judged(
                county,
                score(county, [row for row in rows if int(row["natural_key"]) in county.charts]),
                older_right_matches(county, lists, today),
            )
            for name, county in counties.items()
        }


def test_no_false_merge_in_20_000_first_matches(judged: Mapping[str, Judged]) -> None:
    """A county with the usual mistakes."""
    found = _shown(USUAL, judged)

    assert found.first_matches >= 20_000
    assert found.wrong == []


def test_at_most_one_false_merge_in_4_000_where_all_is_careless(
    judged: Mapping[str, Judged],
) -> None:
    """Three times the mistakes, on both sides."""
    found = _shown(CARELESS, judged)

    assert found.first_matches >= 3_500
    assert len(found.wrong) * 4_000 <= found.first_matches


def test_at_most_one_false_merge_in_2_500_where_leads_say_little(
    judged: Mapping[str, Judged],
) -> None:
    """Often an email, a name and no more."""
    found = _shown(THIN, judged)

    assert found.first_matches >= 2_500
    assert len(found.wrong) * 2_500 <= found.first_matches


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_what_was_matched_right_before_is_kept_or_held(
    spec: Spec, judged: Mapping[str, Judged]
) -> None:
    """The guards turn few right matches into a second contact."""
    older = judged[spec.name].older_right
    outcomes = judged[spec.name].score.outcomes
    kept = sum(outcomes[number] in (RIGHT, HELD) for number in older)

    print(f"\n{spec.name}: {kept} of {len(older)} right matches kept or held")
    assert kept >= 0.98 * len(older)


def test_every_kind_of_household_is_put_to_the_test(judged: Mapping[str, Judged]) -> None:
    """Otherwise no false merge would mean little."""
    kinds = judged[USUAL.name].score.by_kind

    assert len(kinds) == 17
    assert all(count[RIGHT] + count[WRONG] >= 100 for count in kinds.values())


def _shown(spec: Spec, judged: Mapping[str, Judged]) -> Score:
    found = judged[spec.name].score
    print(f"\n{spec.name}, seed {spec.seed}\n{found.table()}")
    return found
