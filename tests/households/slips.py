"""What goes wrong between a mouth, an ear, a hand and a form.

Each kind is a way in which people, scanners and phones err, and none is a class of the scorer: how
near the result is to the right text is what comes out, never what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random

# As one hears it, and as one may write it down.
SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("c", "k"), ("k", "c"), ("ie", "y"), ("y", "i"), ("ei", "ie"),
    ("sch", "sh"), ("z", "s"), ("s", "z"), ("v", "w"), ("w", "v"), ("ll", "l"), ("nn", "n"),
    ("tt", "t"), ("ss", "s"), ("ee", "ea"), ("ea", "ee"), ("ou", "u"), ("oo", "u"), ("j", "g"),
    ("d", "t"), ("b", "p"), ("gh", "g"), ("mac", "mc"), ("mc", "mac"), ("ae", "e"), ("x", "ks"),
)  # fmt: skip
# As a scanner, or an eye, reads a hand.
LOOKS = (
    ("m", "rn"), ("rn", "m"), ("i", "l"), ("l", "i"), ("h", "n"), ("n", "h"), ("u", "v"),
    ("a", "o"), ("o", "a"), ("e", "c"), ("d", "cl"), ("0", "6"), ("1", "7"), ("7", "1"),
    ("3", "8"), ("5", "6"), ("4", "9"), ("8", "3"), ("2", "7"), ("w", "vv"),
)  # fmt: skip
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")


def _replaced(text: str, pairs: Sequence[tuple[str, str]], chance: Random) -> str:
    lower = text.lower()
    found = [(old, new) for old, new in pairs if old in lower]
    if not found:
        return text
    old, new = chance.choice(found)
    place = lower.index(old)
    changed = text[:place] + new + text[place + len(old) :]
    return changed[:1].upper() + changed[1:] if text[:1].isupper() else changed


def _misheard(text: str, chance: Random) -> str:
    return _replaced(text, SOUNDS, chance)


def _misread(text: str, chance: Random) -> str:
    return _replaced(text, LOOKS, chance)


def _beside(text: str, chance: Random) -> str:
    """The next key."""
    place = chance.randrange(len(text))
    for row in KEYBOARD:
        at = row.find(text[place].lower())
        if at >= 0:
            return text[:place] + row[min(at + 1, len(row) - 1)] + text[place + 1 :]
    return text


def _doubled(text: str, chance: Random) -> str:
    place = chance.randrange(len(text))
    return text[:place] + text[place] + text[place:]


def _dropped(text: str, chance: Random) -> str:
    place = chance.randrange(len(text))
    return text[:place] + text[place + 1 :] or text


def _hasty(text: str, chance: Random) -> str:
    """Two neighbours in the wrong order."""
    if len(text) < 2:
        return text
    place = chance.randrange(len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _cut(text: str, chance: Random) -> str:
    """A field that was too short, or a thumb that was."""
    return text[: max(3, len(text) - chance.randint(1, 4))]


def _two(text: str, chance: Random) -> str:
    return _slipped(_slipped(text, chance), chance)


SLIPS: Sequence[tuple[float, Callable[[str, Random], str]]] = (
    (22, _misheard), (12, _misread), (18, _beside), (10, _doubled), (16, _dropped), (12, _hasty),
    (4, _cut), (6, _two),
)  # fmt: skip


def _slipped(text: str, chance: Random) -> str:
    slip = chance.choices([each for _, each in SLIPS], [weight for weight, _ in SLIPS])[0]
    return slip(text, chance)


def slipped(text: str, chance: Random) -> str:
    """The text with something wrong in it; now and then nothing is."""
    return _slipped(text, chance) or text


def misdated(day: date, today: date, chance: Random) -> date:
    """A date of birth as it is mistaken in writing, typing or asking."""
    manner = chance.choices(
        ("digit", "american", "year", "month", "day", "this year", "century", "parent"),
        (28, 16, 16, 12, 14, 5, 3, 6),
    )[0]
    try:
        if manner == "digit":
            digits = list(day.strftime("%Y%m%d"))
            place = chance.randrange(2, 8)
            digits[place] = str(chance.randrange(10))
            text = "".join(digits)
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        if manner == "american":
            return date(day.year, day.day, day.month)
        if manner == "year":
            return date(day.year + chance.choice((-2, -1, 1, 2, 10, -10)), day.month, day.day)
        if manner == "month":
            return date(day.year, chance.randint(1, 12), day.day)
        if manner == "day":
            return day + timedelta(days=chance.choice((-1, 1, 10, -10, chance.randint(-28, 28))))
        if manner == "this year":
            return date(today.year, day.month, day.day)
        if manner == "century":
            return date(day.year + (100 if day.year < 1930 else -100), day.month, day.day)
        return day - timedelta(days=chance.randint(20 * 365, 38 * 365))
    except ValueError:
        return day
