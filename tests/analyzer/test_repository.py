"""Facts about the checkout itself, read from its files."""

from __future__ import annotations

import ast
import csv
import os
import re
from collections.abc import Iterator

import pytest
import yaml
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from tests.analyzer.local_dbt import PROJECT_DIR

# Words of the seeds that are also words of the pusher's own trade.
SHARED_WORDS = {
    "address": "of a host",
    "email": "a channel for alerts",
    "id": "a HubSpot record's own",
    "state": "a column of sync_status and of the run's counts",
    "zip": "a function of Python's",
}


def seed_names() -> set[str]:
    """Entities, object types, properties and source columns: what only SQL may know."""
    names: set[str] = set()
    for seed, columns in (
        (
            "hubspot_objects",
            ("entity", "object_type_default", "id_property_default", "last_modified_property"),
        ),
        ("hubspot_properties", ("property", "source_column")),
    ):
        with (PROJECT_DIR / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                names |= {row[column].lower() for column in columns if row[column]}
    # A role, not a name.
    return names - {"natural_id"}


def words_of(source: str) -> Iterator[tuple[int, str]]:
    """Words of the string literals, docstrings left out, and all identifiers."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield from ((line, word.lower()) for word in re.findall(r"\w+", node.value))
        elif isinstance(node, ast.Attribute):
            yield line, node.attr.lower()
        elif isinstance(node, ast.Name):
            yield line, node.id.lower()


def test_the_pusher_names_no_field() -> None:
    """A new property or object is seed rows and SQL, and not one line of Python."""
    names = seed_names() - set(SHARED_WORDS)
    found = [
        f"{path.relative_to(PROJECT_DIR)}:{line}: {word}"
        for path in sorted((PROJECT_DIR / "pusher").glob("*.py"))
        for line, word in words_of(path.read_text(encoding="utf-8"))
        if word in names
    ]

    assert found == []


def test_every_module_of_the_pusher_has_its_tests() -> None:
    """One module of tests each, by its name; what is data alone needs none."""
    called = {"__main__": "command_line"}
    untested = [
        path.stem
        for path in sorted((PROJECT_DIR / "pusher").glob("*.py"))
        if any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_text())))
        and not (
            PROJECT_DIR / "tests" / "pusher" / f"test_{called.get(path.stem, path.stem)}.py"
        ).exists()
    ]

    assert untested == []


@pytest.mark.parametrize(
    ("environment", "location"),
    [
        ({}, None),
        ({"BQ_LOCATION": "us-east4"}, "us-east4"),
        ({"BQ_LOCATION": "US", "DBT_BQ_LOCATION": "EU"}, "EU"),
        ({"BQ_LOCATION": "EU", "DBT_BQ_LOCATION": ""}, "EU"),
    ],
)
def test_dbt_works_where_the_setting_says(
    environment: dict[str, str], location: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside the US and the EU BigQuery finds nothing without its location."""
    for name in ("BQ_LOCATION", "DBT_BQ_LOCATION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    set_invocation_context(os.environ)
    text = (PROJECT_DIR / "profiles" / "profiles.yml").read_text(encoding="utf-8")
    outputs = yaml.safe_load(text)["reverse_etl"]["outputs"]

    for target in ("dev", "prod"):
        assert ProfileRenderer({}).render_value(outputs[target]["location"]) == location


def settings_read_in(source: str) -> Iterator[tuple[str, str | None]]:
    """Name and default, where that is a literal, of each setting that the code asks for."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        literals = [
            argument.value if isinstance(argument, ast.Constant) else None for argument in node.args
        ]
        if literals and re.fullmatch(r"[A-Z][A-Z0-9]+_[A-Z0-9_]+", str(literals[0])):
            default = literals[1] if len(literals) > 1 else None
            yield str(literals[0]), None if default is None else str(default)


def test_env_example_names_every_setting() -> None:
    """`.env.example` is the reference: each setting of SQL and of the pusher, with its default."""
    reference = dict(
        re.findall(
            r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$",
            (PROJECT_DIR / ".env.example").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    read: list[tuple[str, str | None]] = [
        # An empty default of a table is derived from project and data set.
        (name, str(value) or None)
        for name, value in project["vars"]["settings"].items()
    ]
    for path in sorted((PROJECT_DIR / "pusher").glob("*.py")):
        read += settings_read_in(path.read_text(encoding="utf-8"))
    wrong = [
        f"{name}: {reference.get(name)!r} in .env.example, {default!r} in the code"
        for name, default in read
        if name not in reference or default not in (None, "", reference[name])
    ]

    assert len(read) > 30
    # Google's own and dbt's own, which are no settings of ours.
    foreign = ("TRACE_CONTEXT", "GOOGLE_SDK_", "DBT_TARGET")
    assert [line for line in wrong if not line.startswith(foreign)] == []
