"""The tiers as they were before the guards, as a baseline: what do the guards give up?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tests.e2e.oracle import Lists
from tests.e2e.oracle.keys import CONTACT_FIELDS, PATIENT_FIELDS, Person, read_person
from tests.households.county import County

Index = Mapping[Any, list[str]]


def older_right_matches(county: County, lists: Lists, today: date) -> set[int]:
    """The charts that the older tiers 1 to 3 led to their own person's lead, and to no other."""
    nobody: frozenset[str] = frozenset()
    charts = {
        number: read_person(row.get, PATIENT_FIELDS, today, lists, nobody)
        for number, row in county.charts.items()
    }
    leads = {
        lead.id: read_person(lead.properties.get, CONTACT_FIELDS, today, lists, nobody)
        for lead in county.leads.values()
        if not lead.is_keyed
    }
    by_email = _index((one.email, key) for key, one in leads.items())
    by_name = _index(((one.first, one.last, one.birth), key) for key, one in leads.items())
    by_address = _index((one.address, key) for key, one in leads.items())

    found: dict[str, list[int]] = defaultdict(list)
    for number, who in charts.items():
        if any(county.leads[lead].is_keyed for lead in county.own_leads(number)):
            continue
        lead_id = _first_match(who, leads, by_email, by_name, by_address, lists)
        if lead_id is not None:
            found[lead_id].append(number)
    winners = {
        lead_id: _uncontested(numbers, charts, leads[lead_id]) for lead_id, numbers in found.items()
    }
    return {
        number
        for lead_id, number in winners.items()
        if number is not None and lead_id in county.own_leads(number)
    }


def _index(pairs: Iterable[tuple[Any, str]]) -> Index:
    """By key, where all of it is known."""
    index: dict[Any, list[str]] = defaultdict(list)
    for key, lead_id in pairs:
        if key is not None and not (isinstance(key, tuple) and None in key):
            index[key].append(lead_id)
    return index


def _first_match(
    who: Person, leads: Mapping[str, Person], by_email: Index, by_name: Index, by_address: Index,
    lists: Lists,
) -> str | None:  # fmt: skip
    left = by_email.get(who.email, [])
    if left:
        is_clear = len(left) == 1 and _may_share_an_email(who, leads[left[0]], lists)
        return left[0] if is_clear else None
    for left in (
        by_name.get((who.first, who.last, who.birth), []),
        [lead for lead in by_address.get(who.address, []) if _is_at_home(who, leads[lead])],
    ):
        if left:
            return left[0] if len(left) == 1 else None
    return None


def _may_share_an_email(who: Person, lead: Person, lists: Lists) -> bool:
    if who.birth is not None and lead.birth is not None:
        return who.birth == lead.birth
    if lead.first is None:
        return True
    pair = (who.first or "", lead.first)
    return pair[0] != "" and (
        pair[0].startswith(pair[1])
        or pair[1].startswith(pair[0])
        or pair in lists.nicknames
        or pair[::-1] in lists.nicknames
    )


def _is_at_home(who: Person, lead: Person) -> bool:
    same_birth = who.birth is not None and who.birth == lead.birth
    if who.birth is not None and lead.birth is not None and not same_birth:
        return False
    one, other = who.first, lead.first
    if one is None or other is None:
        return same_birth
    if one == other:
        return same_birth or who.last == lead.last or None in (who.last, lead.last)
    return same_birth and min(len(one), len(other)) >= 2 and (
        one.startswith(other) or other.startswith(one)
    )  # fmt: skip


def _uncontested(numbers: list[int], charts: Mapping[int, Person], lead: Person) -> int | None:
    if len(numbers) == 1:
        return numbers[0]
    agreeing = [
        number
        for number in numbers
        if (charts[number].first, charts[number].last) == (lead.first, lead.last)
        and len({charts[number].birth, lead.birth} - {None}) < 2
    ]
    return agreeing[0] if len(agreeing) == 1 else None
