{#- Keeps what staff have answered in HubSpot, as soon as the mirror shows it. -#}
{% macro note_staff_answers(entity) -%}
insert into {{ source('control', 'match_decisions') }} (
    natural_key, hubspot_id, verdict, decided_by, decided_at, source, run_id
)
select
    natural_key,
    hubspot_id,
    verdict,
    decided_by,
    decided_at,
    'hubspot' as source,
    (select max(run_id) from {{ source('control', 'reverse_etl_lease') }}) as run_id
from {{ ref('int_staff_answers') }}
where entity = {{ entity }};
{%- endmacro %}
