"""Names: how they are compared, and when two of them may be one person's."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from tests.e2e.oracle.lists import Lists
from tests.e2e.oracle.values import clean

SUFFIXES = ("jr", "sr", "ii", "iii", "iv")
# Words of a last name that half the world shares.
PARTICLES = frozenset({"da", "de", "del", "den", "der", "di", "la", "las", "los", "van", "von"})
# Letters that Unicode does not split into one and a mark.
UNSPLIT = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h",
     "ŋ": "n", "ŧ": "t"}
)  # fmt: skip


def strip_accents(text: str) -> str:
    return "".join(
        letter
        for letter in unicodedata.normalize("NFD", text)
        if not unicodedata.category(letter).startswith("M")
    )


def fold(text: str) -> str:
    """Small letters without accents."""
    if text.isascii():
        return text.lower()
    return strip_accents(strip_accents(text).casefold()).translate(UNSPLIT)


def is_letter_or_digit(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LN"


def name_key(value: Any) -> str | None:
    text = fold(clean(value) or "")
    return text if text.isascii() and text.isalnum() else _letters_and_digits(text) or None


def _letters_and_digits(text: str) -> str:
    return "".join(filter(is_letter_or_digit, text))


@dataclass(frozen=True)
class Name:
    """First and last name of somebody, as keys; None is unknown."""

    first: str | None
    last: str | None
    suffix: str | None
    # Of a double name, each with three letters or more.
    last_parts: frozenset[str] = frozenset()
    preferred: str | None = None
    middle: str | None = None


def read_name(first: Any, last: Any, preferred: Any = None, middle: Any = None) -> Name:
    first, first_suffix = _cut_suffix(clean(first))
    last, last_suffix = _cut_suffix(clean(last))
    words = [name_key(word) or "" for word in re.split(r"[\s-]+", last or "")]
    own = [word for word in words if len(words) > 1 and word not in PARTICLES]
    parts = [word for word in (*own[:1], *own[-1:]) if len(word) >= 3]
    return Name(
        name_key(first), name_key(last), last_suffix or first_suffix, frozenset(parts),
        name_key(preferred), name_key(middle),
    )  # fmt: skip


def _cut_suffix(text: str | None) -> tuple[str | None, str | None]:
    """`Quill, Jr.` as `Quill` and `jr`. A name that is nothing else stays one."""
    found = re.fullmatch(rf"(.*\w)[\s,.]+({'|'.join(SUFFIXES)})\.?", text or "", re.IGNORECASE)
    return (found[1], found[2].lower()) if found else (text, None)


# ---------------------------------------------------------------- two names


def may_be_one_first_name(
    who: Name, other: Name, lists: Lists, *, same_birth: bool, twins: bool
) -> bool:
    """Both known. Twins share all else, so that likeness says nothing of them.

    A middle name is often a parent's first: alone it is no evidence.
    """
    one, two = who.first, other.first
    assert one is not None
    assert two is not None
    nicknames = lists.nicknames - lists.unisex_nicknames if twins else lists.nicknames
    if one == two or two == who.preferred or _listed(one, two, nicknames):
        return True
    if twins:
        return False
    if same_birth and two == who.middle:
        return True
    if _listed(one, two, lists.two_people):
        return False
    return _is_beginning(one, two) or _is_slip(one, two)


def _listed(one: str, two: str, pairs: frozenset[tuple[str, str]]) -> bool:
    return (one, two) in pairs or (two, one) in pairs


def _is_beginning(one: str, two: str) -> bool:
    short, long = sorted((one, two), key=len)
    return len(short) >= 3 and long.startswith(short)


def _is_slip(one: str, two: str) -> bool:
    letters, distance = min(len(one), len(two)), edit_distance(one, two)
    return (letters >= 4 and distance <= 1) or (letters >= 7 and distance <= 2)


def share_a_last_name(who: Name, other: Name) -> bool:
    """Both known: one name, a part of a double name, or a slip of the pen."""
    one, two = who.last, other.last
    assert one is not None
    assert two is not None
    return bool(
        ({one} | who.last_parts) & ({two} | other.last_parts)
    ) or (min(len(one), len(two)) >= 4 and edit_distance(one, two) <= 1)  # fmt: skip


def edit_distance(one: str, two: str) -> int:
    """Letters to add, drop or change (Levenshtein)."""
    row = list(range(len(two) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(two, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (letter != other)),
            )
    return row[-1]
