{#- Stages the values of whoever is to be forgotten, as far as the tables know them, as patterns of RE2:
    what stands in a payload with its property, and what is long enough to be known by itself. What
    another record holds as well, as a family its phone, tells nobody and is not searched for. -#}
{% macro stage_values() -%}
{%- set entry -%} r'"[^"]+":"(?:[^"\\]|\\.)+"' {%- endset -%}
{%- set described -%}
r'^"(?:source_key|natural_key|row_hash|source_updated_at|source_columns|absent_columns|missing_columns|read_by)"'
{%- endset -%}
{% call stage_traces('text') -%}
with lists as (
    {{ value_lists(entry) }}
),

entries as (
    select
        lists.is_theirs,
        lists.is_payload,
        lower(entry) as entry,
        lower(regexp_extract(entry, r'":"(.*)"$')) as held
    from lists
    cross join unnest(lists.entries) as entry
    where
        not regexp_contains(entry, {{ described }})
        and not regexp_contains(entry, r'":"[0-9]{4}-[0-9]{2}-[0-9]{2}T')
),

texts as (
    select
        entry as text,
        false as is_strong,
    from entries
    where is_payload and char_length(held) >= 4
    group by entry
    having logical_and(is_theirs)
    union all
    select
        part as text,
        regexp_contains(part, r'@|[0-9]{7}') as is_strong,
    from entries
    cross join unnest(split(held, ';')) as part
    where char_length(part) >= 7
    group by part
    having logical_and(is_theirs)
    union all
    select
        value as text,
        true as is_strong,
    from {{ traces('record_ref') }}
)

-- An address or a number is known anywhere in a cell, a word only as the whole of a value.
select
    cast(null as string) as entity,
    concat(
        if(is_strong, r'(?:^|[^0-9a-z])', r'(?:^|[\n{},;"])'),
        regexp_replace(text, r'([\\.+*?()|\[\]{}^$"@/-])', r'\\\1'),
        if(is_strong, r'(?:[^0-9a-z]|$)', r'(?:[\n{},;"]|$)')
    ) as value
from texts
{%- endcall %}
{%- endmacro %}

{#- Every row that says something of somebody, as entries "name":"value", and whether it is theirs. -#}
{% macro value_lists(entry) -%}
{%- for outbox, entity in [('outbox_contacts', 'patients'), ('outbox_rois', 'rois')] %}
    select
        {{ is_trace('record_ref', "'" ~ entity ~ "'", 'record_ref') }} as is_theirs,
        true as is_payload,
        payload_entries as entries
    from {{ ref(outbox) }}
    union all
    {%- endfor %}
    select
        {{ is_trace('hubspot_id', 'entity', 'hubspot_id') }} as is_theirs,
        true as is_payload,
        regexp_extract_all(properties, {{ entry }}) as entries
    from {{ source('hubspot', 'hubspot_mirror') }}
    union all
    select
        {{ is_trace('record_ref', 'entity', 'record_ref') }} as is_theirs,
        true as is_payload,
        regexp_extract_all(properties, {{ entry }}) as entries
    from {{ source('control', 'reverse_etl_snapshot') }}
    union all
    select
        {{ is_trace('natural_key', "'patients'", 'patients.natural_key') }} as is_theirs,
        false as is_payload,
        regexp_extract_all(to_json_string(patients), {{ entry }}) as entries
    from {{ ref('base_amd__patients') }} as patients
    union all
    select
        {{ is_trace('natural_key', "'rois'", 'rois.natural_key') }}
        or {{ is_trace('natural_key', "'patients'", normalize_key('rois.patient_id')) }} as is_theirs,
        false as is_payload,
        regexp_extract_all(to_json_string(rois), {{ entry }}) as entries
    from {{ ref('base_amd__rois') }} as rois
{%- endmacro %}
