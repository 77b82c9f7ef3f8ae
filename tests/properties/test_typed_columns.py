"""Typed columns on their way in, as one canonical text, and on their way out, as JSON text."""

from __future__ import annotations

import pytest

from tests.properties.engines import Engines

AS_TEXT = {
    "STRING": {
        "' x '": "x",
        "''": None,
        "'\u00a0'": None,
        "'123.0'": "123.0",
        "cast(null as string)": None,
    },
    "INT64": {"0": "0", "-7": "-7", "9007199254740993": "9007199254740993"},
    "BOOL": {"true": "true", "false": "false", "cast(null as bool)": None},
    "NUMERIC": {
        "numeric '123'": "123",
        "numeric '1.50'": "1.5",
        "numeric '100'": "100",
        "numeric '-0.000000001'": "-0.000000001",
        "numeric '0'": "0",
    },
    "BIGNUMERIC": {"bignumeric '123.0'": "123", "bignumeric '0.10'": "0.1"},
    "FLOAT64": {
        "123.0": "123",
        "-0.0": "0",
        "1.5": "1.5",
        "0.1": "0.1",
        "123456789012.0": "123456789012",
        "cast('nan' as float64)": None,
        "cast('inf' as float64)": "inf",
        "cast('-inf' as float64)": "-inf",
    },
    "DATE": {"date '2024-02-29'": "2024-02-29", "date '0001-01-01'": "0001-01-01"},
    "DATETIME": {
        "datetime '2024-11-03 01:30:00'": "2024-11-03T01:30:00",
        "datetime '2024-11-03 00:00:00'": "2024-11-03T00:00:00",
        "datetime '2024-11-03 01:30:00.123456'": "2024-11-03T01:30:00.123456",
    },
    "TIMESTAMP": {
        "timestamp '2024-11-03 01:30:00+00'": "2024-11-03T01:30:00Z",
        "timestamp '2024-11-03 01:30:00.123456+00'": "2024-11-03T01:30:00.123456Z",
        "timestamp '1969-12-31 23:59:59+00'": "1969-12-31T23:59:59Z",
    },
}


# Column type, catalogue type and format → literal → JSON text that is sent.
RENDERED = {
    ("STRING", "string", ""): {
        "'O\\'Neil \"x\" \\\\'": '"O\'Neil \\"x\\" \\\\"',
        "'\u00e9\U0001f600<&>'": '"\u00e9\U0001f600<&>"',
    },
    ("NUMERIC", "number", ""): {"numeric '12.50'": '"12.5"', "numeric '100'": '"100"'},
    ("INT64", "number", ""): {"-3": '"-3"'},
    ("BOOL", "bool", ""): {"true": '"true"', "false": '"false"', "cast(null as bool)": None},
    ("DATE", "date", "iso"): {"date '1980-02-29'": '"1980-02-29"'},
    ("DATE", "date", "epoch_ms"): {
        "date '2024-02-29'": '"1709164800000"',
        "date '1960-02-29'": '"-310521600000"',
    },
    # An instant where a day is wanted is that day at midnight UTC, else the one in New York.
    ("TIMESTAMP", "date", "iso"): {
        "timestamp '2024-03-01 04:59:59+00'": '"2024-02-29"',
        "timestamp '2024-03-01 00:00:00+00'": '"2024-03-01"',
        "timestamp '2024-03-01 00:00:01+00'": '"2024-02-29"',
    },
    ("TIMESTAMP", "date", "epoch_ms"): {
        "timestamp '2024-03-01 05:00:00+00'": '"1709251200000"',
        "timestamp '1960-02-29 00:00:00+00'": '"-310521600000"',
    },
    ("DATETIME", "date", "iso"): {"datetime '2024-02-29 23:59:59'": '"2024-02-29"'},
    # A day where an instant is wanted is New York midnight.
    ("DATE", "datetime", "epoch_ms"): {
        "date '2024-07-01'": '"1719806400000"',
        "date '2024-01-01'": '"1704085200000"',
    },
    # Wall time in New York: in the gap 07:30Z, in the hour that comes twice the earlier.
    ("DATETIME", "datetime", "epoch_ms"): {
        "datetime '2024-03-10 02:30:00'": '"1710055800000"',
        "datetime '2024-11-03 01:30:00'": '"1730611800000"',
        "datetime '2024-11-03 02:00:00'": '"1730617200000"',
    },
    ("TIMESTAMP", "datetime", "epoch_ms"): {
        "timestamp '2024-11-03 06:30:00+00'": '"1730615400000"',
        "timestamp '1969-12-31 23:59:59+00'": '"-1000"',
    },
    ("TIMESTAMP", "datetime", "iso"): {
        "timestamp '2024-11-03 06:30:00+00'": '"2024-11-03T06:30:00Z"'
    },
}


@pytest.fixture(scope="module")
def sql(engines: Engines) -> dict[object, str]:
    """The macros as SQL over the column `typed_value`, by the cases above."""
    calls: dict[object, str] = {
        kind: "{{ as_text(api.Column('typed_value', '%s')) }}".replace("%s", kind)
        for kind in AS_TEXT
    }
    for column_type, kind, form in RENDERED:
        row = {"type": kind, "format": form}
        call = f"rendered_value('typed_value', '{column_type}', {row})"
        calls[column_type, kind, form] = f"{{{{ {call} }}}}"
    return dict(zip(calls, engines.dbt.render(list(calls.values())), strict=True))


def check(engines: Engines, expression: str, cases: dict[str, str | None]) -> None:
    select = f"select {expression} as answer, row_number from"
    union = " union all ".join(
        f"select {number} as row_number, {literal} as typed_value"
        for number, literal in enumerate(cases)
    )
    engines.dbt.query(f"create or replace table etl.typed_values as {union}")
    on_emulator = engines.dbt.query(f"{select} etl.typed_values")
    on_emulator.sort(key=lambda row: int(row["row_number"]))
    on_google = engines.google.evaluate(
        f"with typed_values as ({union}) {select} typed_values order by row_number"
    )
    expected = list(cases.values())

    assert [row[0] for row in on_google] == expected
    assert [row["answer"] for row in on_emulator] == expected


@pytest.mark.parametrize("column_type", AS_TEXT)
def test_as_text(engines: Engines, sql: dict[object, str], column_type: str) -> None:
    """Both engines give the one text for a value, whatever they call the type."""
    check(engines, sql[column_type], AS_TEXT[column_type])


@pytest.mark.parametrize("case", RENDERED, ids=" ".join)
def test_rendered_value(
    engines: Engines, sql: dict[object, str], case: tuple[str, str, str]
) -> None:
    """Every type of column in every type of property, as HubSpot wants it."""
    check(engines, sql[case], RENDERED[case])
