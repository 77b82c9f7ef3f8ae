"""Settings: names, defaults, and what is refused with one line and exit code 2."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pusher.errors import SettingsError
from pusher.settings import Settings

PROJECT = {"GCP_PROJECT_ID": "p-1"}
LOCAL = {
    **PROJECT,
    "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
    "HUBSPOT_BASE": "http://127.0.0.1:2",
}
EXAMPLE = (Path(__file__).resolve().parents[2] / ".env.example").read_text()


def test_without_settings_there_is_no_project() -> None:
    """A run that was told nothing must not find production."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({})

    assert str(caught.value).startswith("no_project: set GCP_PROJECT_ID")


def test_a_copied_example_sets_nothing() -> None:
    """What a copy does not change must not lead to another environment's tables."""
    assert re.findall(r"^# *([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert re.findall(r"^ *(?:export )?[A-Z_]+=.*", EXAMPLE, re.MULTILINE) == []


def test_defaults_are_those_of_the_documentation() -> None:
    settings = Settings.from_environ(PROJECT)

    assert settings.ledger_table == "p-1.etl.reverse_etl_run_ledger"
    assert settings.hubspot_base == "https://api.hubapi.com"
    assert settings.api_version == "2026-09"
    assert (settings.batch_size, settings.max_retries, settings.initial_backoff) == (100, 5, 0.5)


def test_the_dbt_name_wins_and_blank_counts_as_unset() -> None:
    """DBT_<NAME>, else <NAME>, else the default."""
    environ = {"DBT_BATCH_SIZE": "7", "BATCH_SIZE": "8", "BQ_DATASET": " ", "MAX_RETRIES": "2"}
    settings = Settings.from_environ(PROJECT | environ)

    assert (settings.batch_size, settings.max_retries, settings.dataset) == (7, 2, "etl")


def test_table_defaults_follow_project_and_dataset() -> None:
    """Only the two names need to be set for another place."""
    settings = Settings.from_environ({"GCP_PROJECT_ID": "p-1", "BQ_DATASET": "d"})

    assert settings.ledger_table == "p-1.d.reverse_etl_run_ledger"
    assert settings.table("push_queue") == "`p-1.d.push_queue`"


@pytest.mark.parametrize(
    "environ",
    [
        {"BATCH_SIZE": "101"},
        {"BATCH_SIZE": "0"},
        {"BATCH_SIZE": "1.5"},
        {"BATCH_SIZE": "many"},
        {"MAX_RETRIES": "-1"},
        {"MAX_REJECT_PERCENT": "nan"},
        {"HUBSPOT_API_VERSION": "v4"},
        {"HUBSPOT_API_VERSION": "2026-09/../x"},
        {"GCP_PROJECT_ID": "p`; drop"},
        {"LOG_LEVEL": "LOUD"},
        {"HUBSPOT_BASE": "http://api.hubapi.com"},
        {"HUBSPOT_BASE": "https://api.hubapi.com.evil.example"},
        {"HUBSPOT_BASE": "https://user:secret@api.hubapi.com"},
        {"HUBSPOT_BASE": "ftp://127.0.0.1"},
        {"HUBSPOT_BASE": "http://127.0.0.1:8080"},
        {"BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1"},
        {**LOCAL, "BIGQUERY_EMULATOR_HOST": "127.0.0.1:1"},
        {**LOCAL, "HUBSPOT_BASE": "https://api.hubapi.com"},
        {**LOCAL, "DBT_TARGET": "prod"},
        {"ID_MAP_TABLE": "p-1.etl_production.hubspot_id_map"},
        {"DBT_DLQ_TABLE": "p-2.etl.reverse_etl_dlq"},
        {"BQ_DATASET": "etl_staging", "RUN_LEDGER_TABLE": "p-1.etl.reverse_etl_run_ledger"},
        {"CONTROL_DATASETS": "p-1.old", "ID_MAP_TABLE": "p-1.older.hubspot_id_map"},
    ],
)
def test_what_is_wrong_is_one_line(environ: dict[str, str]) -> None:
    """Every wrong setting names what is wrong, and holds no secret."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(PROJECT | environ)

    assert caught.value.exit_code == 2
    assert caught.value.code != "no_project"
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_tables_of_another_data_set_must_be_named() -> None:
    """The way to go on with the tables of the older implementation."""
    elsewhere = {"ID_MAP_TABLE": "p-1.old.id_map", "DLQ_TABLE": "p-2.older.dlq"}

    settings = Settings.from_environ(
        {**PROJECT, **elsewhere, "CONTROL_DATASETS": "p-1.old, p-2.older"}
    )
    assert (settings.id_map_table, settings.dlq_table) == ("p-1.old.id_map", "p-2.older.dlq")


def test_other_hosts_must_be_named() -> None:
    """A test double behind TLS is allowed by name only."""
    base = {**PROJECT, "HUBSPOT_BASE": "https://hubspot.example"}
    with pytest.raises(SettingsError):
        Settings.from_environ(base)

    allowed = {"HUBSPOT_ALLOWED_HOSTS": "a.example, hubspot.example"}
    settings = Settings.from_environ({**base, **allowed})
    assert settings.hubspot_base == "https://hubspot.example"


def test_secrets_are_not_in_the_text_of_the_settings() -> None:
    """A settings object may end up in a log."""
    settings = Settings.from_environ({**LOCAL, "HUBSPOT_TOKEN": "pat-secret"})

    assert settings.hubspot_token() == "pat-secret"
    assert "pat-secret" not in repr(settings)


@pytest.mark.parametrize("token", ["", "two words", "pat\nX-Header: 1"])
def test_a_token_must_be_one(token: str) -> None:
    """No token, or one that would break the header, is a settings error."""
    with pytest.raises(SettingsError):
        Settings.from_environ({**LOCAL, "HUBSPOT_TOKEN": token}).hubspot_token()


def test_the_stamp_has_our_values_for_the_names_of_the_build() -> None:
    """Same form as the build's, so that SQL can compare them as text; set but empty counts."""
    built = [
        {"name": "A", "value": "1", "default": "1"},
        {"name": "B", "value": "x", "default": "y"},
        {"name": "C", "value": "c", "default": "c"},
    ]
    text = json.dumps(built, separators=(",", ":"))
    settings = Settings.from_environ({**PROJECT, "B": "x", "DBT_C": ""})

    expected = text.replace('"value":"c"', '"value":""')
    assert settings.stamp(text) == expected
