"""The oracle on single values: what a cell says, and what counts as nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.e2e import oracle
from tests.e2e.oracle.names import Name, read_name, share_a_last_name

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (date(1980, 2, 29), "birth_date", "1980-02-29"),
        ("02/29/1980", "birth_date", "1980-02-29"),
        ("2/30/1980", "birth_date", None),
        (datetime(1980, 2, 29, 23, 30), "birth_date", "1980-02-29"),
        (datetime(1980, 2, 29, tzinfo=UTC), "birth_date", "1980-02-29"),
        ("1905-01-01", "birth_date", None),
        ("2027-01-01", "birth_date", None),
        ("1970-01-01", "birth_date", None),
        ("198002290000", "birth_date", "1980-02-29"),
        (datetime(2026, 7, 2, 3, 0, tzinfo=UTC), "day", "2026-07-01"),
        ("2026-07-02T03:00:00Z", "day", "2026-07-01"),
        (date(2026, 7, 2), "day_ms", "1782950400000"),
        (datetime(2024, 3, 10, 2, 30), "instant", "1710055800000"),
        (datetime(2024, 11, 3, 1, 30), "instant", "1730611800000"),
        (date(2024, 1, 1), "instant", "1704085200000"),
        ("20240115103000", "instant", "1705332600000"),
        ("1/15/2024, 3:04:05\u202fPM", "instant", "1705349045000"),
        ("Jan 15 2024  3:04PM", "instant", "1705349040000"),
        ("1705332600000", "instant", None),
        (datetime(1989, 12, 31, 9), "instant", None),
        (datetime(2037, 1, 1), "instant", None),
        (3.0, "number", "3"),
        ("2.50", "number", "2.5"),
        ("many", "number", None),
        (1, "bool", "true"),
        ("N", "bool", "false"),
        ("123.0", "key", "123"),
        (" José 😀 ", "text", "José 😀"),
        ("Jo\u200bsé\u00ad", "text", "José"),
        *((word, "text", None) for word in ("nan", "NULL", " None ", "n/a", "#N/A", "\\N", "NaT")),
        ("Nanette", "text", "Nanette"),
        *(
            (none, "phone", None)
            for none in ("000-0000", "(555) 555-5555", "1234567890", "555-12", "-")
        ),
        ("(202) 555-0101", "phone", "(202) 555-0101"),
        *(
            (none, "email", None)
            for none in ("na@x.org", "No-Email@x.org", "refused@y.com", "a@b", "x@h.invalid")
        ),
        ("Nanette@X.org", "email", "nanette@x.org"),
        ("mailto:ada@x.org.", "email", "ada@x.org"),
        (2117, "zip", "02117"),
        (21171234, "zip", "02117-1234"),
        ("2117", "zip", "2117"),
    ],
)
def test_rendering(value: object, kind: str, expected: str | None) -> None:
    """Values of every source type come out in HubSpot's form."""
    assert oracle.render(value, kind, TODAY) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("John", "Quill Jr.", Name("john", "quill", "jr")),
        ("John", "Quill, III", Name("john", "quill", "iii")),
        ("John Sr", "Quill", Name("john", "quill", "sr")),
        ("Ivy", "Iverson", Name("ivy", "iverson", None)),
        ("Ann", "O'Neil", Name("ann", "oneil", None)),
        ("Søren", "Weiß", Name("soren", "weiss", None)),
    ],
)
def test_names(first: str, last: str, expected: Name) -> None:
    """A generation suffix is no part of a name."""
    assert read_name(first, last) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Garcia Lopez", "García", True),
        ("Smith-Jones", "Jones-Reed", True),
        ("de la Cruz", "Cruz", True),
        ("Van Dyke", "van der Berg", False),
        ("Nowak", "Novak", True),
        ("Lee", "Leo", False),
        ("Smith", "Jones", False),
    ],
)
def test_last_names_that_share(one: str, other: str, expected: bool) -> None:
    """A part of a double name does, or a slip of the pen."""
    assert share_a_last_name(read_name("Ann", one), read_name("Ann", other)) is expected
