"""What the macros should say, written from the rules and not from the SQL.

Matching compares what these functions return, so "equal" here is what "the same person", "the
same address" and "the same instant" mean to the project.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
NEW_YORK = ZoneInfo("America/New_York")

# Characters that take no room on a screen, which exports and web forms leave at the ends of text.
ZERO_WIDTH = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def trim_text(text: str | None) -> str | None:
    """Text without blanks (of any script) at its ends; None where nothing is left."""
    if text is None:
        return None
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end] or None


def clean_text(text: str | None) -> str | None:
    """Trimmed, and without control characters; tabs and line ends inside stay."""
    if text is None:
        return None
    trimmed = trim_text(text) or ""
    return "".join(c for c in trimmed if c in "\t\n\r" or not _is_control(c)) or None


def normalize_key(text: str | None) -> str | None:
    """`123.0` and `123` are one key."""
    text = trim_text(text)
    if text is None:
        return None
    number = re.fullmatch(r"(.*[0-9])\.0+", text, re.DOTALL)
    return number[1] if number else text


def normalize_email(text: str | None) -> str | None:
    """One @, a dot inside the domain, no blank, comma or semicolon; lower case."""
    text = trim_text(text)
    if text is None:
        return None
    text = text.lower()
    if text.count("@") != 1 or any(_is_space(c) or c in ",;" for c in text):
        return None
    local, domain = text.split("@")
    return text if local and "." in domain[1:-1] else None


def normalize_name(text: str | None) -> str | None:
    """Accents off, case folded, letters and digits only."""
    if text is None:
        return None
    return "".join(c for c in _folded(text) if _is_word(c)) or None


def normalize_street(line_1: str | None, line_2: str | None) -> str | None:
    """Both lines as one row of short words; None unless line 1 is known."""
    if trim_text(line_1) is None:
        return None
    joined = f"{line_1} {line_2 or ''}".replace("#", " apt ")
    bare = "".join(c for c in _folded(joined) if not unicodedata.category(c).startswith("M"))
    words = "".join(c if _is_word(c) else " " for c in bare).split(" ")
    standard = _address_words()
    return " ".join(standard.get(word, word) for word in words if word) or None


def normalize_state(text: str | None) -> str | None:
    """Two letters, from two letters or from the name."""
    return _states().get(normalize_name(text) or "")


def normalize_zip(text: str | None) -> str | None:
    """The first five digits."""
    key = normalize_key(text)
    return "".join(c for c in key or "" if c in "0123456789")[:5] or None


def e164(text: str | None) -> str | None:
    """A phone as HubSpot's rule wants it: with its country code, else a North American one."""
    if text is None:
        return None
    # What is behind an x or ext at the end is an extension.
    number = re.sub(r"[ \t\n\f\r]*(?:x|ext)[^0-9]*[0-9]*[ \t\n\f\r]*\Z", "", text, flags=re.I)
    digits = "".join(c for c in number if c in "0123456789")
    if text.lstrip(" \t\n\f\r").startswith("+"):
        return f"+{digits}" if 7 <= len(digits) <= 15 and digits[0] != "0" else None
    local = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    is_number = len(local) == 10 and local[0] in "23456789" and local[3] in "23456789"
    return f"+1{local}" if is_number else None


def read_wall_time(text: str | None) -> datetime | None:
    """A day, or a day and a time without a zone: ISO, or US M/D/YYYY."""
    if text is None:
        return None
    iso = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?", text, re.ASCII
    )
    if iso:
        return _datetime(iso[1], iso[2], iso[3], iso[4], iso[5], iso[6], iso[7])
    us = re.fullmatch(
        r"(\d{1,2})/(\d{1,2})/([12]\d{3})(?: (\d{1,2}):(\d\d)(?::(\d\d))?( ?[AaPp][Mm])?)?",
        text,
        re.ASCII,
    )
    if not us:
        return None
    month, day, year, hour, minute, second, half = us.groups()
    if half:
        if not 1 <= int(hour) <= 12:
            return None
        hour = str(int(hour) % 12 + (12 if half.strip().lower() == "pm" else 0))
    return _datetime(year, month, day, hour, minute, second, None)


def read_zoned_instant(text: str | None) -> datetime | None:
    """An instant that needs no zone to be told: ISO with one, or milliseconds since 1970."""
    if text is None:
        return None
    if re.fullmatch(r"-?\d{9,14}", text, re.ASCII):
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
        except OverflowError:
            return None
    iso = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
        r" ?(?:[Zz]|UTC|([+-])(0\d|1[0-3])(?::?([0-5]\d))?)",
        text,
        re.ASCII,
    )
    if not iso or not "0001-01-03" <= text[:10] <= "9998-12-31":
        return None
    naive = _datetime(*iso.groups()[:7])
    if naive is None:
        return None
    offset = timedelta(hours=int(iso[9] or 0), minutes=int(iso[10] or 0))
    return naive.replace(tzinfo=timezone(-offset if iso[8] == "-" else offset)).astimezone(UTC)


def new_york_instant(wall_time: datetime | None) -> datetime | None:
    """New York wall time: the earlier of two, and past the gap where there is none."""
    if wall_time is None or not 2 <= wall_time.year <= 9998:
        return None
    return wall_time.replace(tzinfo=NEW_YORK, fold=0).astimezone(UTC)


def read_date(text: str | None, instant_zone: str) -> date | None:
    """The calendar day that the text names, or that its instant was in the zone."""
    wall_time = read_wall_time(text)
    if wall_time is not None:
        return wall_time.date()
    instant = read_zoned_instant(text)
    try:
        return instant and instant.astimezone(ZoneInfo(instant_zone)).date()
    except OverflowError:
        return None


def read_instant(text: str | None) -> datetime | None:
    zoned = read_zoned_instant(text)
    return zoned if zoned is not None else new_york_instant(read_wall_time(text))


def read_number(text: str | None) -> str | None:
    """A plain decimal number, with or without commas between the thousands, without idle zeros."""
    if text is None or not re.fullmatch(
        r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|[+-]?\.[0-9]+", text
    ):
        return None
    plain = f"{Decimal(text.replace(',', '')):f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain


def read_bool(text: str | None) -> str | None:
    known = {
        **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), "true"),
        **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), "false"),
    }
    return known.get((text or "").lower())


def record_ref(salt: str, entity: str, key: str) -> str:
    return hashlib.sha256(f"{salt}|{entity}|{key}".encode()).hexdigest()[:32]


def unix_millis(instant: datetime | None) -> int | None:
    if instant is None:
        return None
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1000 + since.microseconds // 1000


def _is_space(character: str) -> bool:
    return character in "\t\n\f\r " or unicodedata.category(character).startswith("Z")


def _is_blank(character: str) -> bool:
    return _is_space(character) or character < " " or character in ZERO_WIDTH


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())


def _datetime(
    year: str,
    month: str,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    fraction: str | None,
) -> datetime | None:
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "")[:6].ljust(6, "0")),
        )
    except ValueError:
        return None


@functools.cache
def _address_words() -> dict[str, str]:
    with (SEEDS / "address_words.csv").open(encoding="utf-8", newline="") as seed:
        return {row["word"]: row["standard"] for row in csv.DictReader(seed)}


@functools.cache
def _states() -> dict[str, str]:
    codes: dict[str, str] = {}
    with (SEEDS / "states.csv").open(encoding="utf-8", newline="") as seed:
        for row in csv.DictReader(seed):
            codes[row["code"].lower()] = row["code"]
            codes[normalize_name(row["name"]) or ""] = row["code"]
    return codes
