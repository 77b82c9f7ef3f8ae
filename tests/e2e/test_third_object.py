"""A third HubSpot object is SQL, seed rows and YAML: not one line of Python, not one macro."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from sandbox.sample_data import Clinic, fill
from sandbox.stack import PROJECT_DIR, LocalStack

pytestmark = pytest.mark.slow

COPIED = (
    "dbt_project.yml", "selectors.yml", "macros", "models", "profiles", "pusher", "seeds",
    "tests/sql",
)  # fmt: skip

OBJECT_ROW = (
    "providers,,p_provider,,provider_id,hs_lastmodifieddate,provider,Provider,Providers,"
    "provider_id,outbox_providers,\n"
)
PROPERTY_COLUMNS = (
    "entity,property,source_column,label,type,field_type,format,group_name,options,is_unique,"
    "is_required,sensitivity,on_blank,write,part_of,mirror,optional,note"
)
# property, source column, type, field type, format, options, unique, required, on blank, write
PROPERTIES = (
    ("natural_id", "ProviderID", "string", "text", "", "", "true", "false", "keep", "always"),
    ("provider_name", "ProviderName", "string", "text", "", "", "false", "true", "keep", "always"),
    ("npi", "NPI", "string", "text", "", "", "false", "false", "clear", "always"),
    ("fax", "Fax", "string", "text", "", "", "false", "false", "keep", "if_blank"),
    ("since", "Since", "date", "date", "iso_date", "", "false", "false", "clear", "always"),
    ("kind", "Kind", "enumeration", "select", "", "Primary care=pcp;Other=other", "false", "false",
     "clear", "always"),
    ("languages", "Languages", "enumeration", "checkbox", "", "English=en;Spanish=es", "false",
     "false", "clear", "always"),
    ("accepts", "AcceptsNew", "bool", "booleancheckbox", "", "Yes=true;No=false", "false", "false",
     "clear", "always"),
)  # fmt: skip
PROPERTY_ROWS = "".join(
    f"providers,{name},{column},{column},{kind},{field_type},{form},advancedmd,{options},{unique},"
    f"{required},non_sensitive,{on_blank},{write},,true,false,\n"
    for (
        name, column, kind, field_type, form, options, unique, required, on_blank, write,
    ) in PROPERTIES
)  # fmt: skip

NEW_FILES = {
    "models/staging/amd/_providers__sources.yml": """\
version: 2

sources:
  - name: amd_directory
    schema: amd
    tables:
      - name: providers
        identifier: Providers
""",
    "models/staging/amd/base_amd__providers_as_text.sql": """\
{{ source_as_text(
    source('amd_directory', 'providers'),
    key='provider_id',
    updated_at_setting='PROVIDER_UPDATED_AT_COL',
    columns={
        'provider_id': 'ProviderID',
        'provider_name': 'ProviderName',
        'npi': 'NPI',
        'fax': 'Fax',
        'since': 'Since',
        'kind': 'Kind',
        'languages': 'Languages',
        'accepts': 'AcceptsNew',
    },
    optional_columns={},
) }}
""",
    "models/staging/amd/base_amd__providers.sql": """\
{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='source_key',
    on_schema_change='append_new_columns',
    meta={'captures_source': true},
    post_hook="{{ delete_vanished_keys(ref('base_amd__providers_as_text')) }}",
) }}

{{ captured_rows(ref('base_amd__providers_as_text'), entity='providers') }}
""",
    "models/mapping/map_providers.sql": """\
with providers as (
    select
        *,
        {{ read_date('since', 'America/New_York') }} as since_on,
    from {{ ref('base_amd__providers') }}
),

final as (
    select
        natural_key,
        row_hash,
        source_rows,
        is_duplicate_key,
        absent_columns,
        missing_columns,
        {{ unreadable_columns({'Since': ['since', 'since_on']}) }} as unreadable_columns,
        cast(null as string) as unknown_columns,
        natural_key as natural_id,
        provider_name,
        npi,
        fax,
        since_on as since,
        kind,
        languages,
        accepts,
    from providers
)

select * from final
""",
    "models/outbox/outbox_providers.sql": """\
{{ config(meta={'entity': 'providers'}) }}

with mapped as (
    select * from {{ ref('map_providers') }}
),

records as (
    select
        *,
        concat(absent_columns, unreadable_columns) as skipped_columns,
        {{ record_warnings() }} as warnings,
    from mapped
),

{{ outbox_rows('providers', records='records', mapping=ref('map_providers'), extra_columns=[]) }}

select * from final
""",
    "models/staging/hubspot/stg_hubspot__providers.sql": """\
select
    hubspot_id,
    {{ normalize_key(hubspot_value('provider_id')) }} as natural_key,
    false as is_protected,
from {{ source('hubspot', 'hubspot_mirror') }}
where entity = 'providers' and not coalesce(is_dead, false)
""",
    "models/matching/match_providers.sql": """\
{{ match_by_natural_id(
    entity='providers',
    outbox=ref('outbox_providers'),
    hubspot_records=ref('stg_hubspot__providers'),
    ambiguous_reason='ambiguous_provider_id',
) }}
""",
}

SCHEMA = (
    ("ProviderID", "INT64"),
    ("ProviderName", "STRING"),
    ("NPI", "STRING"),
    ("Fax", "STRING"),
    ("Since", "DATE"),
    ("Kind", "STRING"),
    ("Languages", "STRING"),
    ("AcceptsNew", "STRING"),
    ("updated_at", "TIMESTAMP"),
)
STAMP = "2026-11-01T12:00:00Z"
PROVIDERS: list[dict[str, Any]] = [
    {"ProviderID": 1, "ProviderName": "Dr. Ana Núñez 🙂", "NPI": "123", "Fax": "1",
     "Since": "2020-02-29", "Kind": "PRIMARY  care", "Languages": "Spanish; en", "AcceptsNew": "Y",
     "updated_at": STAMP},
    {"ProviderID": 2, "ProviderName": "Lee & Partners", "NPI": None, "Fax": "2", "Since": None,
     "Kind": "Chiropractor", "Languages": "English;Klingon", "AcceptsNew": None,
     "updated_at": STAMP},
    {"ProviderID": 3, "ProviderName": None, "NPI": "9", "Fax": None, "Since": None,
     "updated_at": STAMP},
    {"ProviderID": None, "ProviderName": "Nobody", "NPI": None, "Fax": None, "Since": None,
     "updated_at": STAMP},
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that knows providers."""
    for name in COPIED:
        source, copy = PROJECT_DIR / name, tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    for name, text in NEW_FILES.items():
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(text, encoding="utf-8")
    _append(tmp_path / "seeds/hubspot_objects.csv", OBJECT_ROW)
    properties = tmp_path / "seeds/hubspot_properties.csv"
    assert properties.read_text(encoding="utf-8").startswith(PROPERTY_COLUMNS)
    _append(properties, PROPERTY_ROWS)
    _replace(
        tmp_path / "dbt_project.yml",
        "    ROI_UPDATED_AT_COL: updated_at\n",
        "    ROI_UPDATED_AT_COL: updated_at\n    PROVIDER_UPDATED_AT_COL: updated_at\n",
    )
    _replace(
        tmp_path / "models/queue/match_records.sql",
        "    select * from match_rois\n",
        "    select * from match_rois\n    union all\n"
        "    select * from {{ ref('match_providers') }}\n",
    )
    outboxes = tmp_path / "models/queue/outbox_records.sql"
    (block,) = re.findall(
        r"    select\n        'rois' as entity,.*?    from outbox_rois\n",
        outboxes.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    added = block.replace("'rois'", "'providers'").replace(
        "outbox_rois", "{{ ref('outbox_providers') }}"
    )
    _replace(outboxes, block, f"{block}    union all\n{added}")
    return tmp_path


def _append(path: Path, text: str) -> None:
    before = path.read_text(encoding="utf-8")
    path.write_text(before + ("" if before.endswith("\n") else "\n") + text, encoding="utf-8")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has changed"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_providers_reach_hubspot_without_a_line_of_python(stack: LocalStack, project: Path) -> None:
    """Built, set up, created, updated, quarantined and left alone like the other two."""
    stack = stack.for_project(project)
    fill(stack.bigquery, stack.hubspot, stack.gcp_project, Clinic(40, 20, 20))
    stack.create_source("Providers", SCHEMA, PROVIDERS)
    stack.dbt("build")

    stack.pusher("setup")
    known = stack.hubspot.add(
        "p_provider",
        provider_id="2",
        provider_name="Lee",
        npi="5",
        fax="7",
        kind="pcp",
        accepts="true",
    )
    stack.pusher("initial-load", "--yes")

    records = stack.hubspot.live("p_provider")
    by_key = {record.get("provider_id"): record for record in records.values()}
    assert by_key.keys() == {"1", "2"}
    assert _of_catalogue(by_key["1"]) == {
        "provider_id": "1",
        "provider_name": "Dr. Ana Núñez 🙂",
        "npi": "123",
        "fax": "1",
        "since": "2020-02-29",
        # Labels become values.
        "kind": "pcp",
        "languages": "es;en",
        "accepts": "true",
    }
    # Blanks clear; a fax that HubSpot has is HubSpot's; what is no option does nothing.
    assert _of_catalogue(records[known]) == {
        "provider_id": "2",
        "provider_name": "Lee & Partners",
        "fax": "7",
        "kind": "pcp",
    }
    states = stack.query(
        f"""
        select natural_key, state, reason, warnings from `{stack.etl}.sync_status`
        where entity = 'providers' order by natural_key
        """
    )
    assert [tuple(row.values()) for row in states] == [
        (None, "quarantined", "missing_natural_key", ""),
        ("1", "unchanged", None, ""),
        ("2", "unchanged", None, "no_option:kind,no_option:languages"),
        ("3", "quarantined", "missing_required_property", ""),
    ]
    found = stack.query(
        f"select property, finding from `{stack.etl}.portal_findings` where code = 'rule_no_option'"
    )
    assert {row["property"]: row["finding"].split()[0] for row in found} == {
        "kind": "1",
        "languages": "1",
    }

    stack.hubspot.clear_requests()
    stack.pusher("--entity", "providers")

    assert stack.hubspot.writes() == []


def _of_catalogue(record: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in record.items() if not name.startswith("hs_")}
