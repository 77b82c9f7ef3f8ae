"""A county: charts, leads and the truth about whose they are, all from one seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tests.households import names
from tests.households.people import ADULT, Person, Town
from tests.households.traces import USUAL, Forms, Lead, Traces


@dataclass(frozen=True)
class Spec:
    """How large, how careless, and what its leads are like."""

    name: str
    seed: int
    patients: int
    error_rate: float = 1.0
    forms: Forms = USUAL
    # How often each kind of household comes; None: the hard ones often.
    mix: Mapping[str, float] | None = None
    # How many in a hundred leads' fields have a slip of `slips` in them.
    slips: float = 0
    # What a chart never says.
    chart_lacks: frozenset[str] = frozenset()
    # How many in a hundred patients have a lead.
    leads: float = 85


@dataclass
class County:
    people: dict[int, Person] = field(default_factory=dict)
    charts: dict[int, dict[str, str | None]] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)

    def own_leads(self, number: int) -> set[str]:
        return self._of_owner[number]

    def index(self) -> None:
        self._of_owner: dict[int, set[str]] = defaultdict(set)
        for lead in self.leads.values():
            self._of_owner[lead.owner].add(lead.id)


def make_county(spec: Spec, today: date, first_number: int = 0) -> County:
    """Charts and leads are numbered from `first_number` on."""
    town = Town(spec.seed, today, first_number, spec.mix)
    traces = Traces(town, spec.error_rate, spec.forms, spec.slips, spec.chart_lacks)
    county = County()
    while len(county.charts) < spec.patients:
        household = town.household()
        for one in household:
            one.is_patient = town.hit(60)
        if not any(one.is_patient for one in household):
            town.random.choice(household).is_patient = True
        _add(county, traces, household, spec.leads)
    county.index()
    return county


def _add(county: County, traces: Traces, household: list[Person], leads: float) -> None:
    town = traces.town
    made: list[Lead] = []
    for one in household:
        county.people[one.number] = one
        if one.is_patient:
            county.charts[one.number] = traces.chart(one)
        for chance in (leads if one.is_patient else 50, 2):
            if not town.hit(chance):
                break
            lead = traces.lead(one, town.first_number + len(county.leads) + len(made))
            if one.is_patient and town.hit(8):
                lead.is_keyed = True
                lead.properties["amd_patient_id"] = str(one.number)
            made.append(lead)
    # A parent's own lead with the child's date in it: typed for the child, by the parent.
    for lead in made:
        owner = county.people[lead.owner]
        children = [one for one in household if one.age(town.today) < ADULT and one is not owner]
        if not children or owner.age(town.today) < 25 or not traces.errs(2):
            continue
        # With the child's name, too, it would say of the child all that there is to say.
        if not _says_as_much_of(children[0], lead.properties):
            lead.properties["ncf_date_of_birth"] = children[0].birth.isoformat()
    for lead in made:
        _tell_apart(lead, county.people[lead.owner], household, town)
    county.leads |= {lead.id: lead for lead in made}


def _tell_apart(lead: Lead, owner: Person, household: list[Person], town: Town) -> None:
    """A lead that another adult of the household fits as well is told apart by its birth date.

    Nothing else could, and what nobody can know is no measure of a rule.
    """
    email = lead.properties.get("email")
    if email is None:
        return
    for other in household:
        is_child = other.age(town.today) < ADULT
        if other is owner or is_child or email != other.chart_email:
            continue
        if _says_as_much_of(other, lead.properties):
            lead.properties["firstname"] = owner.first
            lead.properties["ncf_date_of_birth"] = owner.birth.isoformat()


def _says_as_much_of(other: Person, properties: dict[str, str]) -> bool:
    """Whether the lead's names, or their absence, would do for this one of the household, too."""
    name = properties.get("firstname")
    if name is None:
        return "lastname" not in properties
    known = {other.first, other.goes_by, *names.SHORT_FORMS.get(other.first, ())}
    return name.casefold() in {each.casefold() for each in known if each}
