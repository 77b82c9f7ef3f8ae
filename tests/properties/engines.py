"""Values through every macro: on the emulator, on Google's evaluator, and by the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from google.api_core.exceptions import GoogleAPIError

from tests.analyzer.googlesql import GoogleSql, SqlError
from tests.analyzer.local_dbt import LocalDbt
from tests.properties import oracle

# Two texts to a row, since an address has two lines.
Values = tuple[str | None, str | None]
Answers = list[list[Any]]


@dataclass(frozen=True)
class Macro:
    """A macro as a SQL expression over the text columns c0 and c1, and what it should say.

    Dates come back as days and instants as milliseconds since 1970: engines print them apart.
    """

    name: str
    sql: str
    expected: Callable[[Values], str | None]
    # What the answer means, where engines may spell it apart.
    meaning: Callable[[str], str] = str


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _days(day: date | None) -> str | None:
    return None if day is None else str(day.toordinal() - date(1970, 1, 1).toordinal())


TEXTS = (
    Macro("trim_text", "{{ trim_text('c0') }}", lambda v: oracle.trim_text(v[0])),
    Macro("clean_text", "{{ clean_text('c0') }}", lambda v: oracle.clean_text(v[0])),
    # JSON text is escaped in more than one way.
    Macro("json_text", "to_json_string(c0)", lambda v: v[0], json.loads),
    Macro("normalize_key", "{{ normalize_key('c0') }}", lambda v: oracle.normalize_key(v[0])),
    Macro("normalize_email", "{{ normalize_email('c0') }}", lambda v: oracle.normalize_email(v[0])),
    Macro("normalize_name", "{{ normalize_name('c0') }}", lambda v: oracle.normalize_name(v[0])),
    Macro("e164", "{{ e164('c0') }}", lambda v: oracle.e164(v[0])),
    # What cannot be a phone is sent as it is.
    Macro(
        "format_e164",
        "{{ rendered_value(\"coalesce(c0, '')\", 'STRING', {'format': 'e164'}) }}",
        lambda v: oracle.e164(v[0]) or v[0] or "",
        json.loads,
    ),
    Macro(
        "record_ref",
        "{{ record_ref(\"'pepper'\", \"'patients'\", 'c0') }}",
        lambda v: None if v[0] is None else oracle.record_ref("pepper", "patients", v[0]),
    ),
)
PLACES = (
    Macro(
        "street_text",
        "{{ street_text('c0', 'c1') }}",
        lambda v: oracle.street_text(v[0], v[1]),
    ),
    Macro("normalize_place", "{{ normalize_place('c0') }}", lambda v: oracle.normalize_place(v[0])),
    Macro(
        "normalize_zip",
        "{{ normalize_zip('c0', 'c1') }}",
        lambda v: oracle.normalize_zip(v[0], v[1]),
    ),
    Macro("known_phone", "{{ known_phone('c0') }}", lambda v: oracle.known_phone(v[0])),
)
NUMBERS = (
    Macro(
        "read_number",
        "{{ without_trailing_zeros('cast(' ~ read_number('c0') ~ ' as string)') }}",
        lambda v: oracle.read_number(v[0]),
    ),
    Macro(
        "read_bool",
        "cast({{ read_bool('c0') }} as string)",
        lambda v: oracle.read_bool(v[0]),
    ),
)
TIMES = (
    Macro(
        "read_date_utc",
        "cast(unix_date({{ read_date(iso_time('c0'), 'UTC') }}) as string)",
        lambda v: _days(oracle.read_date(v[0], "UTC")),
    ),
    Macro(
        "read_date_new_york",
        "cast(unix_date({{ read_date(iso_time('c0'), 'America/New_York') }}) as string)",
        lambda v: _days(oracle.read_date(v[0], "America/New_York")),
    ),
    Macro(
        "read_instant",
        "cast(unix_millis({{ read_instant(iso_time('c0')) }}) as string)",
        lambda v: _text(oracle.unix_millis(oracle.read_instant(v[0]))),
    ),
)


ERROR = "error: "


def is_error(answer: str) -> bool:
    return answer.startswith(ERROR)


class Engines:
    """Both engines, and the macros as dbt renders them."""

    def __init__(self, dbt: LocalDbt, google: GoogleSql) -> None:
        self.dbt = dbt
        self.google = google
        macros = [*TEXTS, *PLACES, *NUMBERS, *TIMES]
        self._rendered = dict(zip(macros, dbt.render([macro.sql for macro in macros]), strict=True))

    def disagreements(self, macros: tuple[Macro, ...], rows: Sequence[Values]) -> list[str]:
        """One line for each macro and row on which the three do not say the same."""
        emulator = self._answers(self._on_emulator, macros, rows)
        google = self._answers(self._on_google, macros, rows)
        found = []
        for number, values in enumerate(rows):
            for position, macro in enumerate(macros):
                expected = macro.expected(values)
                answers = tuple(
                    answer if answer is None or is_error(answer) else macro.meaning(answer)
                    for answer in (emulator[number][position], google[number][position])
                )
                if answers != (expected, expected):
                    found.append(
                        f"{macro.name}{values!a}: expected {expected!a}, "
                        f"emulator {answers[0]!a}, Google {answers[1]!a}"
                    )
        return found

    def _select(self, macros: tuple[Macro, ...]) -> str:
        return "select " + ",\n".join(
            f"{self._rendered[macro]} as {macro.name}" for macro in macros
        )

    def _answers(
        self,
        ask: Callable[[str, Sequence[Values]], Answers],
        macros: tuple[Macro, ...],
        rows: Sequence[Values],
    ) -> Answers:
        """An answer a row; a value that fails the whole query is tracked down by halving."""
        try:
            return ask(self._select(macros), rows)
        except (GoogleAPIError, SqlError) as error:
            if len(rows) == 1:
                # The first macro speaks for all: which one failed, the engine does not say.
                others = [macro.expected(rows[0]) for macro in macros[1:]]
                return [[f"{ERROR}{error}", *others]]
        middle = len(rows) // 2
        return self._answers(ask, macros, rows[:middle]) + self._answers(ask, macros, rows[middle:])

    def _on_emulator(self, select: str, rows: Sequence[Values]) -> Answers:
        self.dbt.load(
            "etl.hard_values",
            [("row_number", "INT64"), ("c0", "STRING"), ("c1", "STRING")],
            [
                {"row_number": number, "c0": values[0], "c1": values[1]}
                for number, values in enumerate(rows)
            ],
        )
        answers = self.dbt.query(f"{select}, row_number from etl.hard_values")
        answers.sort(key=lambda answer: answer["row_number"])
        return [list(answer.values())[:-1] for answer in answers]

    def _on_google(self, select: str, rows: Sequence[Values]) -> Answers:
        return self.google.evaluate(f"{select} from input", rows)
