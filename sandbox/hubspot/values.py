"""What a property of each type accepts, and the form in which HubSpot stores it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

MAX_STRING = 65_536
DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)
_RECORD_ID = re.compile(r"[0-9]{1,18}")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"([A-Za-z]{2,63}|xn--[A-Za-z0-9-]+)"
)


class InvalidValue(Exception):
    """A value that the property does not accept: HubSpot's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@lru_cache(maxsize=4096)
def iso_instant(milliseconds: int) -> str:
    """`2024-01-02T03:04:05Z`, with milliseconds only where there are some."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    fraction = milliseconds % 1000
    return f"{text}.{fraction:03d}Z" if fraction else f"{text}Z"


def instant_ms(text: str) -> int:
    """Milliseconds of an epoch number or an ISO text; ValueError or OverflowError if neither."""
    if _INTEGER.fullmatch(text):
        return int(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def record_id(text: str) -> int | None:
    """A record id, or None for a text that is none."""
    return int(text) if _RECORD_ID.fullmatch(text) else None


def _written_instant(text: str) -> int:
    """Writers must say the zone: an epoch number, or an ISO text with `Z` or an offset."""
    if not _INTEGER.fullmatch(text) and not _ISO_INSTANT.fullmatch(text):
        raise ValueError
    return instant_ms(text)


def clean_string(text: str) -> str:
    if len(text) > MAX_STRING:
        raise InvalidValue(
            "PROPERTY_VALUE_TOO_LONG",
            f"{text} is too long: a value has at most {MAX_STRING} characters",
        )
    return text


def clean_number(text: str) -> str:
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        raise InvalidValue("INVALID_INTEGER", f"{text} was not a valid number")
    return stripped


def clean_date(text: str) -> str:
    stripped = text.strip()
    try:
        if _ISO_DATE.fullmatch(stripped):
            return date.fromisoformat(stripped).isoformat()
        milliseconds = _written_instant(stripped)
        days, rest = divmod(milliseconds, DAY_MS)
        if rest:
            at = (EPOCH + timedelta(milliseconds=rest)).strftime("%H:%M:%S")
            raise InvalidValue(
                "INVALID_DATE", f"{text} is at {at}.{rest % 1000:03d} UTC, not midnight!"
            )
        return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        code = "INVALID_DATE" if _ISO_DATE.match(stripped) else "INVALID_LONG"
        raise InvalidValue(code, f"{text} was not a valid long.") from None


def clean_datetime(text: str) -> str:
    stripped = text.strip()
    try:
        return iso_instant(_written_instant(stripped))
    except (ValueError, OverflowError):
        code = "INVALID_DATE" if _ISO_DATE.match(stripped) else "INVALID_LONG"
        raise InvalidValue(code, f"{text} was not a valid long.") from None


def clean_email(text: str, invalid_tlds: list[str]) -> str:
    stripped = text.strip()
    found = _EMAIL.fullmatch(stripped)
    if (
        not found
        or len(stripped) > 254
        or ".." in stripped
        or (found.group(1).lower() in invalid_tlds)
    ):
        raise InvalidValue("INVALID_EMAIL", f"Email address {text} is invalid")
    return stripped.lower()


CLEANERS: dict[str, Callable[[str], str]] = {
    "string": clean_string,
    "phone_number": clean_string,
    "number": clean_number,
    "date": clean_date,
    "datetime": clean_datetime,
}
