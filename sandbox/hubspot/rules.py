"""The validation rules that an admin can put on a property, and what they refuse.

HubSpot documents the types and their arguments; of the codes in its refusals only INVALID_ALPHA.
The four rules on a duration from now are shown and not enforced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from .values import InvalidValue, instant_ms

Rules = dict[str, list[str]]
Check = Callable[[str, list[str]], bool]

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,63}")
_WORDS = {
    "ALPHANUMERIC": re.compile(r"[^\W_]+"),
    "ALPHA_ONLY": re.compile(r"[^\W\d_]+"),
    "NUMERIC_ONLY": re.compile(r"\d+"),
}
_CASES: dict[str, Callable[[str], str]] = {
    "UPPER": str.upper,
    "LOWER": str.lower,
    "CAPITALIZATION": str.title,
}


def is_phone(text: str, arguments: list[str]) -> bool:
    """E.164; numbers of the country code 1 have an area code that exists."""
    if not _PHONE.fullmatch(text) or (arguments == ["us"] and not text.startswith("+1")):
        return False
    return not text.startswith("+1") or bool(_NORTH_AMERICAN.fullmatch(text))


def _is_domain(text: str) -> bool:
    return bool(_DOMAIN.fullmatch(text))


def _host(text: str) -> str:
    return re.sub(r"^https?://", "", text).partition("/")[0].lower()


def _day(text: str) -> str:
    moment = datetime.fromtimestamp(instant_ms(text) / 1000, UTC)
    return moment.strftime("%A").upper()


CHECKS: dict[str, Check] = {
    "ALPHANUMERIC": lambda text, given: bool(_WORDS[given[0]].fullmatch(text)),
    "DAYS_OF_WEEK": lambda text, given: _day(text) in given,
    "DECIMAL": lambda text, given: -int(Decimal(text).as_tuple().exponent) <= int(given[0]),
    "DOMAIN": lambda text, given: _is_domain(text),
    "EMAIL": lambda text, given: "@" in text and _is_domain(text.rpartition("@")[2]),
    "EMAIL_ALLOWED_DOMAINS": lambda text, given: text.rpartition("@")[2].lower() in given,
    "EMAIL_BLOCKED_DOMAINS": lambda text, given: text.rpartition("@")[2].lower() not in given,
    "END_DATE": lambda text, given: instant_ms(text) <= int(given[0]),
    "END_DATETIME": lambda text, given: instant_ms(text) <= int(given[0]),
    "FORMAT": lambda text, given: _CASES[given[0]](text) == text,
    "MAX_LENGTH": lambda text, given: len(text) <= int(given[0]),
    "MAX_NUMBER": lambda text, given: Decimal(text) <= Decimal(given[0]),
    "MIN_LENGTH": lambda text, given: len(text) >= int(given[0]),
    "MIN_NUMBER": lambda text, given: Decimal(text) >= Decimal(given[0]),
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": is_phone,
    "REGEX": lambda text, given: bool(re.search(given[0], text)),
    "SPECIAL_CHARACTERS": lambda text, given: bool(re.fullmatch(r"[\w\s]*", text)),
    "START_DATE": lambda text, given: instant_ms(text) >= int(given[0]),
    "START_DATETIME": lambda text, given: instant_ms(text) >= int(given[0]),
    "URL": lambda text, given: _is_domain(_host(text)),
    "URL_ALLOWED_DOMAINS": lambda text, given: _host(text) in given,
    "URL_BLOCKED_DOMAINS": lambda text, given: _host(text) not in given,
    "WHITESPACE": lambda text, given: (
        text == text.strip() if given == ["TRIM"] else not re.search(r"\s", text)
    ),
}
NOT_ENFORCED = (
    "AFTER_DATETIME_DURATION",
    "AFTER_DURATION",
    "BEFORE_DATETIME_DURATION",
    "BEFORE_DURATION",
)
RULE_TYPES = frozenset((*CHECKS, *NOT_ENFORCED))
PHONE_RULE = "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE"
_CODES = {PHONE_RULE: "INVALID_PHONE_NUMBER"}


def checked(text: str, rules: Rules, *, strips_phones: bool = False) -> str:
    """The value, or the refusal of the first rule that it breaks."""
    for rule, arguments in rules.items():
        if rule == PHONE_RULE and strips_phones:
            text = re.sub(r"[\s().-]", "", text)
        check = CHECKS.get(rule)
        if check is not None and not check(text, arguments):
            code = "INVALID_ALPHA" if arguments == ["ALPHA_ONLY"] else f"INVALID_{rule}"
            raise InvalidValue(_CODES.get(rule, code), f"{text} breaks the rule {rule}")
    return text


def rules_json(rules: Rules) -> list[dict[str, object]]:
    return [
        {"ruleType": rule, "ruleArguments": arguments, "shouldApplyNormalization": False}
        for rule, arguments in sorted(rules.items())
    ]
