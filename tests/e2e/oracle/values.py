"""What a cell says, and whether it says anything at all."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

# Alone in a cell, these stand for an empty one.
NULL_WORDS = frozenset(
    {
        "nan", "null", "(null)", "none", "n/a", "#n/a", "nil", "undefined", "nat", "#ref!",
        "#value!", "\\n",
    }
)  # fmt: skip
OLDEST_YEARS = 120
# What programs write where they have no date.
ZERO_DATES = frozenset(
    date(*day)
    for day in (
        (1, 1, 1), (1111, 11, 11), (1753, 1, 1), (1800, 1, 1), (1899, 12, 30), (1899, 12, 31),
        (1900, 1, 1), (1901, 1, 1), (1970, 1, 1), (9999, 12, 31),
    )
)  # fmt: skip
FIRST_YEAR = 1990
YEARS_AHEAD = 10
NO_MAILBOX = re.compile(
    r"[\W_\d]*(na|n/a|none|no|no[-_.]?e?mail|refused?|declined?|unknown|test|null)[\W_\d]*"
)
RESERVED_DOMAINS = (".invalid", ".test", ".example", ".localhost")


def clean(value: Any) -> str | None:
    """A value of any type as text: trimmed, without what nobody can see; blank is None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return plain_number(Decimal(str(value)))
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    text = unescape(str(value))  # a form's escapes are not what was typed
    if not text.isprintable():
        text = "".join(map(_visible, text))
    text = text.strip()
    return None if text.lower() in NULL_WORDS else text or None


def _visible(letter: str) -> str:
    """Line breaks and tabs are white space; what has no width is nothing."""
    if letter in "\t\n\r":
        return letter
    is_joiner = letter in "\u200c\u200d"
    return "" if unicodedata.category(letter) in ("Cc", "Cf") and not is_joiner else letter


def plain_number(number: Decimal) -> str:
    if number == number.to_integral_value():
        return str(int(number))
    return format(number.normalize(), "f")


def read_key(value: Any) -> str | None:
    text = clean(value)
    return text.removesuffix(".0") if text is not None else None


def read_number(value: Any) -> str | None:
    text = clean(value)
    if text is None or not re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return None
    try:
        return plain_number(Decimal(text))
    except InvalidOperation:
        return None


def read_bool(value: Any) -> str | None:
    text = (read_key(value) or "").lower()
    if text in ("true", "t", "yes", "y", "1"):
        return "true"
    if text in ("false", "f", "no", "n", "0"):
        return "false"
    return None


def read_phone(value: Any) -> str | None:
    """The text as it stands, unless it is no number that could be called."""
    text = clean(value)
    digits = re.sub(r"\D", "", text or "")
    is_run = digits in "01234567890" or digits in "09876543210"
    return None if len(digits) < 7 or len(set(digits)) == 1 or is_run else text


def read_email(value: Any) -> str | None:
    """An address in small letters; None where it is none, or was made up to fill a field."""
    text = re.sub(r"^mailto:|^<|[>.,;]+$", "", (clean(value) or "").lower())
    local, at, domain = text.partition("@")
    is_address = (
        bool(local and at)
        and "@" not in domain
        and "." in domain
        and not re.search(r"[\s,;]", text)
    )
    is_made_up = NO_MAILBOX.fullmatch(local) or domain.endswith(RESERVED_DOMAINS)
    return text if is_address and not is_made_up else None


# ---------------------------------------------------------------- moments


def read_moment(value: Any) -> date | datetime | None:
    """A date, a naive (New York wall) datetime, or an aware one, as the text or type says."""
    if isinstance(value, datetime | date) or value is None:
        return value
    text = re.sub(r"[\s\u202f\u00a0]+", " ", clean(value) or "")
    try:
        if us := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
            month, day, year = map(int, us.groups())
            return date(year, month, day)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text):
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
        if re.fullmatch(r"\d{8}(\d{4}(\d\d)?)?", text):
            moment = datetime.strptime(text.ljust(14, "0"), "%Y%m%d%H%M%S")
            return moment.date() if len(text) == 8 else moment
        for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S %p", "%b %d %Y %I:%M%p"):
            try:
                return datetime.strptime(text, form)
            except ValueError:
                continue
    except ValueError:
        return None
    return None


def read_day(value: Any) -> date | None:
    """The calendar day. An instant at midnight UTC was meant as that day, else New York's."""
    moment = read_moment(value)
    if isinstance(moment, datetime):
        if moment.tzinfo is None or moment.astimezone(UTC).time() == time():
            return moment.date()
        return moment.astimezone(NEW_YORK).date()
    return moment


def read_birth(value: Any, today: date) -> date | None:
    """A day that somebody alive can have been born on."""
    day = read_day(value)
    if day is None or day in ZERO_DATES:
        return None
    return day if day <= today and age(day, today) <= OLDEST_YEARS else None


def age(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def is_plausible(day: date, today: date) -> bool:
    return FIRST_YEAR <= day.year <= today.year + YEARS_AHEAD


def read_instant(value: Any) -> datetime | None:
    moment = read_moment(value)
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    # fold=0: the earlier of an ambiguous hour; in a gap, the offset before it (02:30 is 07:30Z).
    return moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK, fold=0)


def epoch_ms(moment: datetime) -> str:
    return str(int(moment.astimezone(UTC).timestamp() * 1000))
