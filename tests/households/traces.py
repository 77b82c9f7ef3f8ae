"""What charts and leads say of people: in other words, with gaps, and with mistakes at a rate."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random

from tests.households import names, slips
from tests.households.people import Person, Town, ascii_letters

NO_BIRTHS = ("1900-01-01", "1899-12-30", "1970-01-01")
NO_EMAILS = ("none@none.com", "na@na.com", "declined@gmail.com", "noemail@noemail.com", "N/A")
NO_WORDS = ("null", "None", "n/a", "#N/A")
NO_PHONES = ("0000000000", "999-999-9999", "(   )   -")

# Which fields a lead has, and how often.
Forms = Sequence[tuple[float, frozenset[str]]]
ALL = frozenset({"first", "last", "birth", "email", "phone", "address"})
USUAL: Forms = (
    (45, ALL),
    (18, ALL - {"address"}),
    (14, ALL - {"birth", "address"}),
    (6, ALL - {"email"}),
    (5, frozenset({"first", "last", "email"})),
    (4, frozenset({"first", "last", "birth", "phone"})),
    (3, frozenset({"first", "last", "phone"})),
    (3, frozenset({"first", "email", "phone"})),
    (1, frozenset({"last", "email", "phone"})),
    (1, frozenset({"email"})),
)
FULL: Forms = (
    (80, ALL),
    (8, ALL - {"email"}),
    (7, ALL - {"address"}),
    (5, ALL - {"birth"}),
)
WRITTEN: Forms = ((100, frozenset({"first", "last", "birth", "address"})),)
# A line at a fair, a missed call, a newsletter.
THIN: Forms = (
    (30, frozenset({"first", "last", "phone"})),
    (28, frozenset({"first", "last", "email"})),
    (14, frozenset({"first", "last", "phone", "email"})),
    (4, frozenset({"first", "email"})),
    (3, frozenset({"email"})),
    (3, frozenset({"last", "phone"})),
    (18, ALL),
)
SPARSE: Forms = (
    (25, frozenset({"first", "last", "phone"})),
    (25, frozenset({"first", "last", "email"})),
    (10, frozenset({"first", "email"})),
    (10, frozenset({"email", "phone"})),
    (8, frozenset({"email"})),
    (7, frozenset({"last", "email"})),
    (15, ALL),
)


@dataclass
class Lead:
    """A contact in HubSpot, and whose it is in truth."""

    id: str
    owner: int
    properties: dict[str, str]
    # One that carries its patient's key already: no first match.
    is_keyed: bool = False


@dataclass
class Traces:
    """Writes charts and leads of the people of a town."""

    town: Town
    error_rate: float
    forms: Forms
    # How many in a hundred fields of a lead have a slip in them.
    slips: float = 0
    # Columns of a chart that are never filled.
    chart_lacks: frozenset[str] = frozenset()
    taken_emails: set[str] = field(default_factory=set)

    @property
    def random(self) -> Random:
        return self.town.random

    def hit(self, percent: float) -> bool:
        return self.town.hit(percent)

    def errs(self, percent: float) -> bool:
        return self.hit(percent * self.error_rate)

    # ---------- the chart

    def chart(self, one: Person) -> dict[str, str | None]:
        first, last = one.first, one.last
        if self.errs(0.5):
            first = self.typo(first)
        if self.errs(0.5):
            last = self.typo(last)
        row: dict[str, str | None] = {
            "ID": str(one.number),
            "Chart": str(70_000 + one.number),
            "FirstName": first,
            "LastName": last,
            "MiddleName": one.middle if self.hit(60) else None,
            "PreferredFirstName": one.goes_by if self.hit(60) else None,
            "DOB": self._chart_birth(one.birth),
            "Email": one.chart_email,
            "HomePhone": f"({one.phone[:3]}) {one.phone[3:6]}-{one.phone[6:]}",
            "Address1": one.address.line_1[0],
            "Address2": one.address.unit[0] if one.address.unit else None,
            "City": one.address.city,
            "State": one.address.state,
            "Zipcode": one.address.zip,
        }
        if one.suffix is not None:
            place, mark = ("FirstName", " {}") if self.hit(10) else ("LastName", None)
            mark = mark or self.random.choice((" {}", " {}.", ", {}", " {}"))
            row[place] = f"{row[place]}{mark.format(one.suffix)}"
        if self.hit(20):
            row = {name: value.upper() if value else value for name, value in row.items()}
        if self.errs(2):
            row["Email"] = self.random.choice((*NO_EMAILS, None))
        elif self.errs(1) and one.chart_email:
            row["Email"] = self.typo(one.chart_email.partition("@")[0]) + "@mail.org"
        if self.errs(1):
            row["DOB"] = self.random.choice((*NO_BIRTHS, None))
        if self.errs(1):
            blank = self.random.choice(("FirstName", "LastName", "Address1", "City", "Email"))
            row[blank] = self.random.choice(NO_WORDS)
        if self.errs(1):
            row["HomePhone"] = self.random.choice(NO_PHONES)
        return {name: None if name in self.chart_lacks else value for name, value in row.items()}

    def _chart_birth(self, birth: date) -> str:
        if self.errs(0.3):
            birth = wrong_date(birth, self.random)
        return f"{birth.month}/{birth.day}/{birth.year}" if self.hit(30) else birth.isoformat()

    # ---------- the lead

    def lead(self, one: Person, number: int) -> Lead:
        filled = self.random.choices(
            [fields for _, fields in self.forms], [weight for weight, _ in self.forms]
        )[0]
        properties: dict[str, str] = {}
        if "first" in filled and not self.errs(1):
            properties["firstname"] = self._lead_first(one)
        if "last" in filled and not self.errs(1):
            properties["lastname"] = self._lead_last(one)
        if "birth" in filled:
            properties["ncf_date_of_birth"] = self._lead_birth(one.birth)
        if "phone" in filled:
            phone = self.town.phone() if one.kind == "moved" or self.errs(8) else one.phone
            properties["phone"] = self._one_digit(phone) if self.errs(1) else f"+1{phone}"
        if "address" in filled:
            properties |= self._lead_address(one)
        # A parent's address alone says nothing of a child.
        is_named = bool({"first", "last", "birth"} & filled)
        email = (one.lead_email if is_named else one.email) if "email" in filled else None
        if email is not None and self.errs(1):
            email = self.typo(email.partition("@")[0]) + "@" + email.partition("@")[2]
        elif email is not None and self.errs(4):
            email = f"{ascii_letters(one.first)}{number}@lead.net"
        # HubSpot holds an address once: whoever came first has it.
        if email is not None and email not in self.taken_emails:
            self.taken_emails.add(email)
            properties["email"] = email
        if self.errs(0.5) and {"firstname", "lastname"} <= properties.keys():
            properties["firstname"], properties["lastname"] = (
                properties["lastname"], properties["firstname"],
            )  # fmt: skip
        if not {"firstname", "lastname", "email"} & properties.keys():
            properties["lastname"] = one.last
        if self.hit(10):
            properties = {
                name: value.title() if name in ("firstname", "lastname", "city") else value
                for name, value in properties.items()
            }
        if self.slips:
            properties = {name: self._slip(name, value) for name, value in properties.items()}
        return Lead(str(number), one.number, properties)

    def _slip(self, name: str, value: str) -> str:
        if not self.hit(self.slips):
            return value
        if name == "ncf_date_of_birth":
            birth = date.fromisoformat(value)
            return slips.misdated(birth, self.town.today, self.random).isoformat()
        if name == "state":
            return self.town.home().state
        if name == "email":
            local, _, host = value.partition("@")
            if self.hit(40):
                return f"{local}@{self.random.choice(names.MAIL_HOSTS)}"
            return f"{slips.slipped(local, self.random)}@{host}"
        return slips.slipped(value, self.random)

    def _lead_first(self, one: Person) -> str:
        if one.goes_by is not None:
            return one.goes_by
        if one.middle is not None and self.errs(1):
            return one.middle
        short = names.SHORT_FORMS.get(one.first, ())
        if short and self.errs(20):
            return self.random.choice(short)
        if self.errs(1):
            return one.first[0]
        if self.errs(1.5):
            return self.typo(one.first)
        if self.errs(1) and one.middle is not None:
            return f"{one.first} {one.middle[0]}"
        return one.first

    def _lead_last(self, one: Person) -> str:
        last = one.last
        if one.maiden is not None and (one.kind == "married, new name" or self.errs(3)):
            last = one.maiden if self.hit(80) else f"{one.maiden} {one.last}"
        if self.errs(1.5):
            last = self.typo(last)
        if "-" in last and self.hit(30):
            last = self.random.choice((last.replace("-", " "), last.split("-")[-1]))
        if one.suffix is not None and self.hit(60):
            last += self.random.choice((" {}", ", {}.", " {}")).format(one.suffix)
        return last

    def _lead_birth(self, birth: date) -> str:
        if self.errs(1):
            return self.random.choice(NO_BIRTHS)
        return (wrong_date(birth, self.random) if self.errs(2) else birth).isoformat()

    def _lead_address(self, one: Person) -> dict[str, str]:
        home = self.town.home() if one.kind == "moved" or self.errs(6) else one.address
        zip_code = self._one_digit(home.zip) if self.errs(1) else home.zip
        found = {
            "address": home.line_1[1],
            "city": home.city.replace("Saint", "St.").replace("Mount", "Mt"),
            "state": home.state_name if self.hit(50) else home.state,
            "zip": f"{zip_code}-{self.random.randint(1000, 9999)}" if self.hit(20) else zip_code,
        }
        if home.unit is not None and not self.errs(3):
            found["street_address_line_2"] = home.unit[1]
        return found

    # ---------- slips

    def typo(self, text: str) -> str:
        """One letter too many, too few, wrong, or two that changed places."""
        place = self.random.randrange(len(text))
        letter = self.random.choice(string.ascii_lowercase)
        head, tail = text[:place], text[place:]
        slip = self.random.choice(
            (head + letter + tail, head + tail[1:], head + letter + tail[1:],
             head + tail[1:2] + tail[:1] + tail[2:])
        )  # fmt: skip
        return slip if slip.strip() else text

    def _one_digit(self, digits: str) -> str:
        place = self.random.randrange(len(digits))
        return digits[:place] + str((int(digits[place]) + 3) % 10) + digits[place + 1 :]


def wrong_date(birth: date, chance: Random) -> date:
    """Day and month swapped where that is a date, else a digit of the year or the day."""
    try:
        manner = chance.randrange(3)
        if manner == 0:
            return date(birth.year, birth.day, birth.month)
        if manner == 1:
            return date(birth.year + chance.choice((-10, -1, 1)), birth.month, birth.day)
        return date(birth.year, birth.month, (birth.day + 10) % 28 + 1)
    except ValueError:
        return birth
