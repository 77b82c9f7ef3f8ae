"""What patients and contacts are matched on; the same for both sides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.e2e.oracle.lists import Lists
from tests.e2e.oracle.names import Name, fold, is_letter_or_digit, name_key, read_name
from tests.e2e.oracle.values import age, clean, read_birth, read_email

# One word of a place's name, as it is shortened.
PLACE_WORDS = {"saint": "st", "mount": "mt", "fort": "ft"}


def street_key(line_1: Any, line_2: Any, address_words: Mapping[str, str]) -> str | None:
    if clean(line_1) is None:
        return None
    text = fold(" ".join(filter(None, (clean(line_1), clean(line_2))))).replace("#", " apt ")
    # P.O. is PO, and N.W. is NW.
    text = re.sub(r"\b(?:[a-z]\.){2,}", lambda found: found[0].replace(".", "") + " ", text)
    words = "".join(letter if is_letter_or_digit(letter) else " " for letter in text).split()
    return " ".join(address_words.get(word, word) for word in words) or None


def city_key(value: Any) -> str | None:
    words = re.split(r"[\s.]+", fold(clean(value) or ""))
    return name_key(" ".join(PLACE_WORDS.get(word, word) for word in words))


def state_key(value: Any, states: Mapping[str, str]) -> str | None:
    text = (clean(value) or "").casefold()
    if re.fullmatch(r"[a-z]{2}", text):
        return text if text in states.values() else None
    return states.get(text)


# States whose zips begin with a zero, which numbers and careless programs lose.
ZERO_STATES = frozenset({"ct", "ma", "me", "nh", "nj", "ri", "vt", "pr", "vi"})


def zip_key(value: Any, state: str | None) -> str | None:
    text = read_zip(value) or ""
    digits = re.sub(r"\D", "", text)
    if len(digits) == 4 and state in ZERO_STATES:
        digits = "0" + digits
    return digits[:5] if len(digits) >= 5 else None


def read_zip(value: Any) -> str | None:
    """The text as it stands; a number gets back the zeros that it lost."""
    text = clean(value)
    if text is None or isinstance(value, str):
        return text
    if len(text) > 5:
        return f"{text.zfill(9)[:5]}-{text.zfill(9)[5:]}"
    return text.zfill(5)


@dataclass(frozen=True)
class Person:
    """The match keys of a patient or of a contact; None is unknown."""

    email: str | None
    name: Name
    birth: date | None
    street: str | None
    city: str | None
    state: str | None
    zip: str | None

    @property
    def first(self) -> str | None:
        return self.name.first

    @property
    def last(self) -> str | None:
        return self.name.last

    @property
    def suffix(self) -> str | None:
        return self.name.suffix

    @property
    def address(self) -> tuple[str, str, str, str] | None:
        if self.street and self.city and self.state and self.zip:
            return (self.street, self.city, self.state, self.zip)
        return None

    def is_of_age(self, years: int, today: date) -> bool:
        """An unknown age is none."""
        return self.birth is not None and age(self.birth, today) >= years


PATIENT_FIELDS = {
    "email": "Email", "first": "FirstName", "last": "LastName",
    "preferred": "PreferredFirstName", "middle": "MiddleName", "birth": "DOB",
    "line_1": "Address1", "line_2": "Address2", "city": "City", "state": "State",
    "zip": "Zipcode",
}  # fmt: skip
# A contact goes by one name: what it says beside it is nothing to match on.
CONTACT_FIELDS = {
    "email": "email", "first": "firstname", "last": "lastname", "preferred": "", "middle": "",
    "birth": "ncf_date_of_birth", "line_1": "address", "line_2": "street_address_line_2",
    "city": "city", "state": "state", "zip": "zip",
}  # fmt: skip


def read_person(
    value: Callable[[str], Any], fields: Mapping[str, str], today: date, lists: Lists,
    shared_emails: frozenset[str],
) -> Person:  # fmt: skip
    """Normalises, and forgets what counts as unknown."""
    cell = {part: value(name) if name else None for part, name in fields.items()}
    email = read_email(cell["email"])
    if email in lists.placeholder_emails or email in shared_emails:
        email = None
    birth = read_birth(cell["birth"], today)
    street = street_key(cell["line_1"], cell["line_2"], lists.address_words)
    state = state_key(cell["state"], lists.states)
    return Person(
        email=email,
        name=read_name(cell["first"], cell["last"], cell["preferred"], cell["middle"]),
        birth=None if birth in lists.placeholder_births else birth,
        street=None if street in lists.placeholder_streets else street,
        city=city_key(cell["city"]),
        state=state,
        zip=zip_key(cell["zip"], state),
    )
