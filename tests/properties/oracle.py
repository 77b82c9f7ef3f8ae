"""What the macros should say, written from the rules and not from the SQL.

Matching compares what these functions return, so "equal" here is what "the same person", "the
same address" and "the same instant" mean to the project.
"""

from __future__ import annotations

import calendar
import hashlib
import itertools
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, localcontext
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

# Characters that take no room on a screen, which exports and web forms leave at the ends of text.
ZERO_WIDTH = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
JOINERS = frozenset("\u200c\u200d")
# Letters that are drawn as nothing.
FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
WIDE_BLANKS = frozenset(
    "\u00a0\u1680\u202f\u205f\u3000" + "".join(chr(c) for c in range(0x2000, 0x200B))
)
# Unseen in text; other format characters belong to a script or to emoji, or are seen.
UNSEEN = frozenset(
    "\u00ad\u061c\u180e\u200b\u200e\u200f\ufeff\ufff9\ufffa\ufffb"
    + "".join(chr(c) for c in (*range(0x202A, 0x202F), *range(0x2060, 0x2065)))
    + "".join(chr(c) for c in range(0x2066, 0x2070))
)
ESCAPES = {
    "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#34;": '"', "&#39;": "'", "&apos;": "'",
    "&#x27;": "'", "&rsquo;": "'", "&nbsp;": " ", "&#160;": " ", "&amp;": "&",
}  # fmt: skip
NULL_WORDS = frozenset(
    {
        "null", "none", "nil", "undefined", "n/a", "n\\a", "#n/a", "#n\\a", "#na", "\\n", "#ref!",
        "#value!", "#name?", "#num!", "#null!", "#div/0!",
    }
)  # fmt: skip
PUNCTUATION = frozenset(
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t\n\f\r \u2010\u2011\u2012\u2013\u2014\u2015\u2026"
)


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
    """What a person typed: escapes undone, nothing unseen, blanks plain; None for a null word."""
    if text is None:
        return None
    text = re.sub(r"(?i)(?:_x000d_|_x000a_)+\n?", "\n", text)
    for escape, character in ESCAPES.items():
        text = text.replace(escape, character)
    if (
        re.search(r"\\u[0-9a-fA-F]{4}", text)
        and re.fullmatch(r'(?:[^"\\]|\\u(?![dD])[0-9a-fA-F]{4})*', text)
        and not any(unicodedata.category(c)[0] == "C" for c in text)
    ):
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
    text = "".join(" " if c in WIDE_BLANKS else c for c in text)
    text = "".join(c for c in text if c in "\t\n\r" or not _is_unseen(c))
    trimmed = trim_text(text)
    return None if trimmed is None or _is_null_word(trimmed) else trimmed


def _is_unseen(character: str) -> bool:
    return _is_control(character) or character in UNSEEN or character in FILLERS


def _is_null_word(text: str) -> bool:
    if set(text) <= PUNCTUATION:
        return True
    bare = text.removeprefix('"') if text.startswith('"') else text.removeprefix("'")
    bare = bare.removesuffix('"') if bare.endswith('"') else bare.removesuffix("'")
    if (bare.lstrip("+-") in ("nan", "NaN", "NAN") and len(bare) <= 4) or bare in (
        "nat",
        "NaT",
        "NAT",
    ):
        return True
    if _lower(bare) in NULL_WORDS:
        return True
    inside = re.fullmatch(r"[(<{\[]+(.*?)[)>}\]]+", text, re.ASCII)
    return inside is not None and _lower(inside[1]) in (
        "null", "none", "nil", "undefined", "n/a", "na", "nan", "nat", "blank", "empty", "not set",
        "no value",
    )  # fmt: skip


def _lower(text: str) -> str:
    # A pattern that ignores case takes the Kelvin sign and the long s for k and s.
    return text.replace("\u212a", "k").replace("\u017f", "s").lower()


def without_format_characters(text: str) -> str:
    return "".join(
        c
        for c in text
        if c in "\t\n\r"
        or not (
            unicodedata.category(c) in ("Cf", "Cc") or c in FILLERS or "\ufe00" <= c <= "\ufe0f"
        )
    )


def normalize_key(text: str | None) -> str | None:
    """`123.0` and `123` are one key."""
    text = None if text is None else trim_text(without_format_characters(text))
    if text is None:
        return None
    number = re.fullmatch(r"([^.]*[0-9])\.0+", text)
    return number[1] if number else text


def normalize_email(text: str | None) -> str | None:
    """Mended where that is certain; None where HubSpot would not take it."""
    if text is None:
        return None
    text = without_format_characters(text).lower()
    named = re.fullmatch(r"[^<>@]*<([^<>]*)>[ \t\n\f\r.,;]*", text)
    if named:
        text = named[1]
    around = " \t\n\f\r<>()[]\"\u201c\u201d',;:" + "".join(_SEPARATORS)
    while True:
        shorter = text.lstrip(around)
        for prefix in ("%20", "e-mail:", "email:", "mailto:"):
            shorter = shorter.removeprefix(prefix)
        if shorter == text:
            break
        text = shorter
    while (shorter := text.rstrip(around + ".").removesuffix("%20")) != text:
        text = shorter
    if text.count("@") != 1:
        return None
    local, domain = text.split("@")
    labels = domain.split(".")
    is_one = (
        1 <= len(local) <= 64
        and 3 <= len(domain) <= 189
        and all(re.fullmatch(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+", part) for part in local.split("."))
        and len(labels) > 1
        and all(re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", part) for part in labels[:-1])
        and re.fullmatch(r"[a-z]{2,63}|xn--[a-z0-9-]+", labels[-1])
    )
    return text if is_one else None


def without_accents(text: str) -> str:
    """Accents off, case folded, and letters that Unicode does not split as people write them."""
    bare = "".join(
        _SPELT.get(c, c) for c in _folded(text) if not unicodedata.category(c).startswith("M")
    )
    return "".join(c for c in bare if not "\u02b0" <= c <= "\u02ff")


def normalize_name(text: str | None) -> str | None:
    """No accents, letters and digits only."""
    if text is None:
        return None
    return "".join(c for c in without_accents(text) if _is_word(c)) or None


def normalize_place(text: str | None) -> str | None:
    """As a name, with what maps shorten in its short form."""
    if text is None:
        return None
    short = {
        "saint": "st", "sainte": "ste", "mount": "mt", "fort": "ft", "north": "n", "south": "s",
        "east": "e", "west": "w", "heights": "hts", "springs": "spgs", "township": "twp",
    }  # fmt: skip
    bare = re.sub(r"[A-Za-z0-9_]+", lambda word: short.get(word[0], word[0]), without_accents(text))
    return "".join(c for c in bare if _is_word(c)) or None


def street_text(line_1: str | None, line_2: str | None) -> str:
    """Both lines as one row of words; '' unless line 1 is known."""
    if line_1 is None:
        return ""
    text = without_accents(f"{line_1} {line_2 or ''}").replace("#", " apt ")
    text = "".join(c for c in text if c not in "'\u2019\u2018`\u00b4")
    text = re.sub(r"\b([a-z])\.[ \t\n\f\r]?([a-z])\.", r"\1\2 ", text, flags=re.ASCII)
    text = re.sub(r"\b([a-z])\.([a-z])\b", r"\1\2", text, flags=re.ASCII)
    text = " ".join("".join(c if _is_word(c) else " " for c in text).split(" "))
    text = re.sub(r" +", " ", text)
    text = re.sub(r"\b(?:post office box|p o box|po b|pob|pobox)\b", "po box", text, flags=re.ASCII)
    return text.strip(" ")


def normalize_zip(text: str | None, state: str | None) -> str | None:
    """The first five digits, with the zeros that a state's zips begin with."""
    key = normalize_key(text)
    if key is None:
        return None
    if state in ("CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI"):
        for width, form in ((4, r"[0-9]{4}(-?[0-9]{4})?"), (3, r"[0-9]{3}(-[0-9]{4})?")):
            if re.fullmatch(form, key):
                key = "0" * (5 - width) + key
                break
    return "".join(c for c in key if c in "0123456789")[:5] or None


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


def phone_digits(text: str) -> str:
    text = re.sub(r"(?s)([0-9])[^0-9]*[xX#].*", r"\1", text)
    digits = "".join(c for c in text if c in "0123456789")
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


def known_phone(text: str | None) -> str | None:
    """The phone, unless it stands for none."""
    if text is None:
        return None
    digits = phone_digits(text)
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(digits)}
    is_dummy = (
        len(digits) < 7
        or steps <= {0}
        or (len(digits) <= 20 and steps in ({1}, {9}))
        or (len(digits) == 10 and digits[3:] in ("0" * 7, "1" * 7, "5" * 7, "1234567"))
    )
    return None if is_dummy else text


_MONTHS = {"sept": 9} | {
    name.lower(): number
    for names in (calendar.month_abbr, calendar.month_name)
    for number, name in enumerate(names)
    if name
}
_DAY_FORMS = [
    re.compile(form, re.ASCII)
    for form in (
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?=$|[t ]|\d{4}$|\d{6}(?:\.\d+)?(?:z|[+-]\d{4})?$)",
        r"(?P<y>\d{4})[/.-](?P<m>\d\d?|[a-z]+)[/.-](?P<d>\d\d?)(?=$|[t ])",
        r"(?P<m>\d\d?)[/-](?P<d>\d\d?)[/-](?P<y>\d{4})(?=$|[t ])",
        r"(?P<d>\d\d?)[ -](?P<m>[a-z]+)\.?[ -](?P<y>\d{4})(?=$| )",
        r"(?P<m>[a-z]+)\.? (?P<d>\d\d?)(?:st|nd|rd|th)? (?P<y>\d{4})(?=$| )",
    )
]
_CLOCK = re.compile(
    r"(?:t ?| at ?| )(?P<h>\d\d?):(?P<min>\d\d)(?::(?P<s>\d\d)(?:[.:](?P<f>\d+))?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?| ?(?P<utc>z|utc|gmt)| ?(?:utc|gmt)?(?P<off>[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_COMPACT_CLOCK = re.compile(
    r"[t ]?(?P<h>\d\d)(?P<min>\d\d)(?P<s>\d\d)?(?:\.(?P<f>\d+))?(?:(?P<utc>z)|(?P<off>[+-]\d{4}))?",
    re.ASCII,
)


def read_moment(text: str | None) -> datetime | None:
    """A day, with its time and zone where it has them, in any spelling that programs use."""
    if text is None:
        return None
    text = re.sub(r"[ \t\n\f\r,]+", " ", text.lower())
    text = re.sub(r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.? ", "", text)
    text = re.sub(r" \([^)]*\)$", "", text)
    text = re.sub(r"^([a-z]+ \d{1,2}) ([\d:]+) (\d{4})$", r"\1 \3 \2", text, flags=re.ASCII)
    for form in _DAY_FORMS:
        day = form.match(text)
        if not day:
            continue
        month = _MONTHS.get(day["m"]) or (int(day["m"]) if day["m"].isdigit() else 0)
        rest = text[day.end() :]
        if not rest:
            return _moment(int(day["y"]), month, int(day["d"]), {})
        clock = _CLOCK.fullmatch(rest) or _COMPACT_CLOCK.fullmatch(rest)
        if clock:
            return _moment(int(day["y"]), month, int(day["d"]), clock.groupdict())
    return None


def _moment(year: int, month: int, day: int, clock: dict[str, str | None]) -> datetime | None:
    hour = int(clock.get("h") or 0)
    half = clock.get("half")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    fraction = "" if half else (clock.get("f") or "")
    offset = clock.get("off")
    is_zoned = bool(clock.get("utc") or offset)
    if not (1000 <= year <= 2999 or (year in (1, 9999) and not is_zoned)):
        return None
    try:
        naive = datetime(
            year, month, day, hour, int(clock.get("min") or 0), int(clock.get("s") or 0),
            int(fraction[:6].ljust(6, "0")),
        )  # fmt: skip
    except ValueError:
        return None
    if not is_zoned:
        return naive
    minutes = 0
    if offset:
        hours, rest = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
        minutes = hours * 60 + rest
        if rest > 59 or minutes > 14 * 60:
            return None
        minutes = -minutes if offset[0] == "-" else minutes
    return naive.replace(tzinfo=timezone(timedelta(minutes=minutes))).astimezone(UTC)


def new_york_instant(wall_time: datetime | None) -> datetime | None:
    """New York wall time: the earlier of two, and past the gap where there is none."""
    if wall_time is None or not 2 <= wall_time.year <= 9998:
        return None
    return wall_time.replace(tzinfo=NEW_YORK, fold=0).astimezone(UTC)


def read_date(text: str | None, instant_zone: str) -> date | None:
    """The calendar day that the text names, or that its instant stands for in the zone."""
    moment = read_moment(text)
    if moment is None or moment.tzinfo is None:
        return moment and moment.date()
    is_midnight = (unix_millis(moment) or 0) % 86_400_000 == 0
    return moment.astimezone(UTC if is_midnight else ZoneInfo(instant_zone)).date()


def read_instant(text: str | None) -> datetime | None:
    moment = read_moment(text)
    return moment if moment is None or moment.tzinfo is not None else new_york_instant(moment)


def read_number(text: str | None) -> str | None:
    """A plain decimal number, thousands in commas or not, as a NUMERIC: 29 digits and 9 places."""
    if text is None or not re.fullmatch(
        r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|[+-]?\.[0-9]+", text
    ):
        return None
    with localcontext(prec=100):
        number = Decimal(text.replace(",", "")).quantize(Decimal("1e-9"), ROUND_HALF_UP)
    if abs(number) >= 10**29:
        return None
    plain = f"{number:f}"
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


_SEPARATORS = [chr(c) for c in range(0x3001) if unicodedata.category(chr(c)).startswith("Z")]
_SPELT = {
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ĳ": "ij",
    **dict(zip("øłđðħıŧŋɨʉɓɗƙƶ", "olddhitniubdkz", strict=True)),
}


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
