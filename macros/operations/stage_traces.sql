{#- A statement that stages what a query finds, as (entity, value), under one kind for the run that
    forgets somebody. -#}
{% macro stage_traces(kind) -%}
insert into {{ source('control', 'reverse_etl_forget_stage') }} (
    run_id, kind, entity, value, staged_at
)
select
    in_run_id,
    '{{ kind }}',
    found.entity,
    found.value,
    current_timestamp()
from (
{{ caller() }}
) as found;
{%- endmacro %}

{#- What the run has staged of one kind: the values of one entity, or (entity, value) of all. -#}
{% macro traces(kind, entity=none) -%}
(
    select {{ 'value' if entity else 'entity, value' }}
    from {{ source('control', 'reverse_etl_forget_stage') }}
    where run_id = in_run_id and kind = '{{ kind }}' {{ "and entity = '" ~ entity ~ "'" if entity }}
)
{%- endmacro %}

{#- A condition: a column holds a trace of that kind, of the entity that the expression names. -#}
{% macro is_trace(kind, entity, column) -%}
coalesce(concat({{ entity }}, '|', {{ column }}) in (
    select concat(entity, '|', value)
    from {{ source('control', 'reverse_etl_forget_stage') }}
    where run_id = in_run_id and kind = '{{ kind }}'
), false)
{%- endmacro %}
