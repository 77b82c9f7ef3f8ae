"""Who lives with whom: households in which two people are easily taken for one.

What is true of a person stands here. What a chart and a lead say of them is another matter
(`traces`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tests.households import names

ADULT = 18

# How people live, roughly as a census counts them: one birth in 80 is of twins, one son in 50 has
# his father's whole name. Where every hard case is common, a false alarm says nothing.
CENSUS: Mapping[str, float] = {
    "alone": 34, "couple": 20, "couple, two names": 8, "family": 20, "twins": 0.8,
    "triplets": 0.02, "couple, names alike": 0.6, "grown twins": 0.3,
    "student at a parent's email": 3, "father and son, one name": 0.6,
    "mother and daughter, one name": 0.1, "namesakes": 0.5, "cousins, one name, one town": 0.2,
    "siblings, grown": 2.5, "roommates": 3, "married, new name": 2.5, "moved": 4,
}  # fmt: skip
ALONE: Mapping[str, float] = {"alone": 94, "namesakes": 2, "moved": 4}


@dataclass(frozen=True)
class Address:
    """A place in two spellings: a chart's and a form's."""

    line_1: tuple[str, str]
    unit: tuple[str, str] | None
    city: str
    state: str
    state_name: str
    zip: str


@dataclass
class Person:
    number: int
    kind: str
    sex: str
    first: str
    last: str
    birth: date
    address: Address
    phone: str
    email: str | None
    middle: str | None = None
    suffix: str | None = None
    # The name that a form gets, where it is none of the chart's.
    goes_by: str | None = None
    maiden: str | None = None
    # What the front desk took down for this one: a parent's, a partner's, or their own.
    chart_email: str | None = None
    lead_email: str | None = None
    is_patient: bool = True

    def age(self, today: date) -> int:
        had_birthday = (today.month, today.day) >= (self.birth.month, self.birth.day)
        return today.year - self.birth.year - (not had_birthday)


class Town:
    """Draws households, one after the other, from one stream of chance."""

    def __init__(
        self,
        seed: int,
        today: date,
        first_number: int = 0,
        mix: Mapping[str, float] | None = None,
    ) -> None:
        """`mix` is how often each kind of household comes; else the hard ones come often."""
        self.random = Random(seed)
        self.today = today
        self.first_number = self.people = first_number
        self._addresses = 0
        self._met: set[tuple[str, str, date]] = set()
        self._makers: dict[str, tuple[float, Callable[[], list[Person]]]] = {
            "alone": (30, self._alone),
            "couple": (12, self._couple),
            "couple, two names": (8, self._couple_of_two_names),
            "family": (16, self._family),
            "twins": (4, self._twins),
            "triplets": (1, lambda: self._twins(count=3)),
            "couple, names alike": (2, self._couple_of_like_names),
            "grown twins": (3, lambda: self._twins(years=(25, 50))),
            "student at a parent's email": (4, self._student),
            "father and son, one name": (4, self._juniors),
            "mother and daughter, one name": (2, self._mother_and_daughter),
            "namesakes": (3, self._namesakes),
            "cousins, one name, one town": (2, self._cousins),
            "siblings, grown": (3, self._siblings),
            "roommates": (3, self._roommates),
            "married, new name": (4, self._newly_married),
            "moved": (6, self._alone),
        }
        if mix is not None:
            self._makers = {kind: (often, self._makers[kind][1]) for kind, often in mix.items()}

    def household(self) -> list[Person]:
        """The next one; nobody in town shares a name and a birth date with another."""
        kinds = list(self._makers)
        kind = self.random.choices(kinds, [self._makers[kind][0] for kind in kinds])[0]
        while True:
            members = self._makers[kind][1]()
            marks = [(one.first, one.last, one.birth) for one in members]
            if len(set(marks)) == len(marks) and not self._met & set(marks):
                break
        self._met.update(marks)
        for one in members:
            self.people += 1
            one.number, one.kind = self.people, kind
        return members

    def hit(self, percent: float) -> bool:
        return self.random.random() * 100 < percent

    # ---------- households

    def _alone(self) -> list[Person]:
        return [self._person(self.home(), self._last(), (18, 85))]

    def _couple(self) -> list[Person]:
        home, last, age = self.home(), self._last(), self.random.randint(24, 80)
        she = self._person(home, last, (age - 4, age + 3), "F")
        he = self._person(home, last, (age - 3, age + 4), "M")
        she.maiden = self._last()
        return self._partners(she, he)

    def _couple_of_two_names(self) -> list[Person]:
        home, age = self.home(), self.random.randint(22, 70)
        one = self._person(home, self._last(), (age - 4, age + 3))
        other = self._person(home, self._last(), (age - 3, age + 4))
        return self._partners(one, other)

    def _couple_of_like_names(self) -> list[Person]:
        he, she = self._couple_of_two_names()
        he.first, she.first = self.random.choice(names.COUPLE_NAMES)
        he.sex, she.sex = "M", "F"
        if self.hit(70):
            she.last = he.last
        if self.hit(30):
            she.chart_email = he.email
        return [he, she]

    def _partners(self, one: Person, other: Person) -> list[Person]:
        if self.hit(40):
            other.phone = one.phone
        if self.hit(10):
            # Both charts have one address, whose owner may be either.
            other.chart_email = one.email
        return [one, other]

    def _family(self) -> list[Person]:
        parents = self._parents()
        children = [
            self._child(parents, self.random.randint(3, 17))
            for _ in range(self.random.choice((1, 1, 2, 2, 3)))
        ]
        return [*parents, *children]

    def _parents(self) -> list[Person]:
        mother, father = self._couple()
        if self.hit(25):
            mother.last = self._last()
        if mother.age(self.today) > 50:
            years = mother.age(self.today) - self.random.randint(28, 48)
            for parent in (mother, father):
                parent.birth += timedelta(days=365 * years)
        return [mother, father]

    def _child(self, parents: list[Person], age: int, birth: date | None = None) -> Person:
        contact = self.random.choice(parents)
        last = self.random.choice(parents).last if self.hit(90) else self._last()
        child = self._person(parents[0].address, last, (age, age))
        child.birth = birth or child.birth
        child.phone = contact.phone
        same_sex = next((one for one in parents if one.sex == child.sex), contact)
        if self.hit(30):
            # Named after a parent, in second place.
            child.middle = same_sex.first
        if age < 13 or self.hit(60):
            child.email = None
        child.chart_email = contact.email if self.hit(80) else child.email
        child.lead_email = contact.email if self.hit(60) else child.email
        return child

    def _twins(self, count: int = 2, years: tuple[int, int] = (3, 24)) -> list[Person]:
        parents = self._parents()
        age = self.random.randint(*years)
        birth = self._birth((age, age))
        twins = [self._child(parents, age, birth) for _ in range(count)]
        pair = self.random.choice(names.TWIN_NAMES) if self.hit(50) else None
        sexes = [self.random.choice("MF")] * 2
        for place, twin in enumerate(twins):
            if pair is not None and place < 2:
                twin.first, twin.goes_by = pair[place], None
            elif self.hit(50):
                twin.first = self._first(sexes[0])
            while pair is None and any(
                names.may_be_one(twin.first, before.first) for before in twins[:place]
            ):
                twin.first = self._first(twin.sex)
            twin.last = twins[0].last
        if age >= ADULT:
            for twin in twins:
                twin.email = self._email(twin.first, twin.last)
                if self.hit(70):
                    twin.chart_email = twin.lead_email = twin.email
        return [*parents, *twins]

    def _student(self) -> list[Person]:
        parents = self._parents()
        student = self._child(parents, self.random.randint(18, 23))
        student.email = self._email(student.first, student.last)
        student.lead_email = student.email
        return [*parents, student]

    def _juniors(self) -> list[Person]:
        father = self._person(self.home(), self._last(), (40, 75), "M")
        age = self.random.randint(5, father.age(self.today) - 18)
        son = replace(father, birth=self._birth((age, age)), middle=father.middle)
        father.suffix, son.suffix = self.random.choice(
            (("Sr", "Jr"), ("Jr", "III"), (None, "Jr"), (None, "II"), (None, "III"))
        )
        members = [father, son]
        if father.age(self.today) > 65 and self.hit(30):
            members.append(replace(son, birth=self._birth((3, 17)), suffix="III"))
            son.suffix = "Jr"
        for one in members[1:]:
            one.phone = self.phone() if self.hit(50) else father.phone
            one.email = self._email(one.first, one.last)
            if one.age(self.today) < ADULT or self.hit(25):
                one.chart_email = father.email
            else:
                one.chart_email = one.email
                one.address = one.address if self.hit(50) else self.home()
            one.lead_email = one.email
        return members

    def _mother_and_daughter(self) -> list[Person]:
        mother = self._person(self.home(), self._last(), (30, 60), "F")
        age = self.random.randint(3, mother.age(self.today) - 18)
        daughter = replace(mother, birth=self._birth((age, age)), middle=self._first("F"))
        daughter.email = self._email(daughter.first, daughter.last) if age > 15 else None
        daughter.chart_email = mother.email if self.hit(70) else daughter.email
        daughter.lead_email = daughter.email
        return [mother, daughter]

    def _namesakes(self) -> list[Person]:
        one = self._person(self.home(), self._last(), (18, 80))
        other = self._person(self.home(), one.last, (18, 80), one.sex)
        other.first = one.first
        return [one, other]

    def _cousins(self) -> list[Person]:
        one = self._person(self.home(), self._last(), (18, 60))
        age = one.age(self.today)
        other = self._person(self.home(), one.last, (max(18, age - 3), age + 3), one.sex)
        other.first = one.first
        there = one.address
        other.address = replace(
            other.address, city=there.city, state=there.state, state_name=there.state_name,
            zip=there.zip,
        )  # fmt: skip
        return [one, other]

    def _siblings(self) -> list[Person]:
        home, last, phone = self.home(), self._last(), self.phone()
        members = [self._person(home, last, (20, 45)) for _ in range(2)]
        for one in members:
            one.phone = phone
        return members

    def _roommates(self) -> list[Person]:
        home = self.home()
        return [
            self._person(home, self._last(), (19, 40)) for _ in range(self.random.choice((2, 2, 3)))
        ]

    def _newly_married(self) -> list[Person]:
        she, he = self._couple()
        she.maiden = self._last()
        if self.hit(40):
            she.last = f"{she.maiden}-{he.last}"
        return [she, he]

    # ---------- one person

    def _person(
        self, home: Address, last: str, years: tuple[int, int], sex: str | None = None
    ) -> Person:
        sex = sex or self.random.choice("MF")
        first = self._first(sex)
        email = self._email(first, last)
        return Person(
            number=0, kind="", sex=sex, first=first, last=last, birth=self._birth(years),
            address=home, phone=self.phone(), email=email,
            middle=self._first(sex) if self.hit(55) else None,
            goes_by=self._first(sex) if self.hit(2) else None,
            chart_email=email, lead_email=email,
        )  # fmt: skip

    def _first(self, sex: str) -> str:
        return self._of(names.MEN if sex == "M" else names.WOMEN)

    def _last(self) -> str:
        return self._of(names.LAST_NAMES)

    def _of(self, ranked: Sequence[str]) -> str:
        """Common ones often: the first tenth of the list is a good third of the people."""
        return ranked[int(len(ranked) * self.random.random() ** 2)]

    def _birth(self, years: tuple[int, int]) -> date:
        days = self.random.randint(years[0] * 365 + years[0] // 4 + 1, (years[1] + 1) * 365)
        return self.today - timedelta(days=days)

    def _email(self, first: str, last: str) -> str:
        one, other = ascii_letters(first), ascii_letters(last)
        # Nobody's by chance: an address comes once.
        self._addresses += 1
        number = self.first_number + self._addresses * 7919 % 1_000_003
        local = self.random.choice((f"{one}.{other}{number}", f"{one[:1]}{other}{number}",
                                    f"{one}{number}", f"{other}{one[:1]}{number}"))  # fmt: skip
        return f"{local}@{self.random.choice(names.MAIL_HOSTS)}"

    def phone(self) -> str:
        return f"{self.random.randint(201, 989)}{self.random.randint(2_000_000, 9_999_999)}"

    def home(self) -> Address:
        pick = self.random.choice
        direction, kind = pick(names.DIRECTIONS), pick(names.STREET_TYPES)
        street, number = pick(names.STREETS), self.random.randint(1, 9_999)
        city, state, state_name, zip3 = pick(names.PLACES)
        unit = None
        if self.hit(25):
            door, spelling = self.random.randint(1, 40), pick(names.UNITS)
            unit = (spelling[0].format(door), spelling[1].format(door))
        return Address(
            (
                f"{number} {direction[0]}{street} {kind[0]}",
                f"{number} {direction[1]}{street} {kind[1]}",
            ),
            unit, city, state, state_name, f"{zip3}{self.random.randint(1, 60):02d}",
        )  # fmt: skip


def ascii_letters(name: str) -> str:
    """Small Latin letters for an email; `x` where none is left."""
    letters = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in letters if "a" <= letter <= "z") or "x"
