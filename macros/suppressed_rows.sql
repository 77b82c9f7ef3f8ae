{#- A CTE `suppressed`: the rows with `suppressed_by`, the hash of whoever they name (`persons`, entity →
    column) and is on the suppression list, else null. -#}
{% macro suppressed_rows(rows, persons) -%}
{%- if not persons -%}
suppressed as (
    select
        *,
        cast(null as string) as suppressed_by,
    from {{ rows }}
)
{%- else -%}
{%- set forgotten = source('control', 'reverse_etl_forgotten') -%}
salt as (
    select max(salt) as salt
    from {{ forgotten }}
),
{% for entity in persons %}
suppressed_{{ entity }} as (
    select distinct key_hash
    from {{ forgotten }}
    where is_suppressed and entity = '{{ entity }}'
),
{% endfor %}
suppressed as (
    select
        {{ rows }}.*,
        concat(
            'suppressed:',
            coalesce(suppressed_{{ persons | join('.key_hash, suppressed_') }}.key_hash)
        ) as suppressed_by,
    from {{ rows }}
    cross join salt
    {%- for entity, column in persons.items() %}
    left join suppressed_{{ entity }}
        on suppressed_{{ entity }}.key_hash
        = {{ forgotten_hash('salt.salt', "'" ~ entity ~ "'", rows ~ '.' ~ column) }}
    {%- endfor %}
)
{%- endif -%}
{%- endmacro %}

{#- What is kept of a key that was forgotten: a hash that is no record_ref, so that no log leads to it.
    The salt is the list's own copy, which outlives the loss of the other one. -#}
{% macro forgotten_hash(salt, entity, key) -%}
    to_hex(sha256(concat({{ salt }}, '|forgotten|', {{ entity }}, '|', {{ normalize_key(key) }})))
{%- endmacro %}
