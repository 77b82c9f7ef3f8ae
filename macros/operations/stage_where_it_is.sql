{#- Stages what else a run that forgets somebody must know: the columns that hold a trace under another
    name, whose rows a table holds that does not say it, and which tables are AMD's or
    come from Git. -#}
{% macro stage_where_it_is() -%}
{%- set seeds = [] -%}
{%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'seed' -%}
    {%- do seeds.append(api.Relation.create(node.database, node.schema, node.alias)) -%}
{%- endfor -%}
{% for kind, held_as, entity in [
    ('natural_key', 'rekeyed_from', none), ('natural_key', 'rekeyed_to', none),
    ('hubspot_id', 'merged_id', none), ('hubspot_id', 'survivor_id', none),
    ('natural_key', 'patient_id', 'rois')
] %}
{% call stage_traces(held_as) -%}
select
    {{ "'" ~ entity ~ "' as " if entity }}entity,
    value
from {{ traces(kind) }}
{%- if entity %}
where entity = 'patients'
{%- endif %}
{%- endcall %}
{% endfor %}
{% for kind, tables in {
    'table': {
        'patients': [ref('base_amd__patients'), ref('outbox_contacts')],
        'rois': [ref('base_amd__rois'), ref('outbox_rois')],
    },
    'no_record': {
        'patients': [source('amd', 'patients')], 'rois': [source('amd', 'rois')], none: seeds,
    },
}.items() %}
{% call stage_traces(kind) -%}
{%- for entity in tables %}{% set last = loop.last %}
{%- for table in tables[entity] %}
select
    {{ "'" ~ entity ~ "'" if entity else 'null' }} as entity,
    '{{ (table | string).replace("`", "") }}' as value
{{ 'union all' if not (last and loop.last) }}
{%- endfor %}
{%- endfor %}
{%- endcall %}
{% endfor %}
{%- endmacro %}

{#- Stages what AMD and HubSpot still have of them, and when they were forgotten before. -#}
{% macro stage_who_has_it() -%}
{% call stage_traces('in_amd') -%}
select
    'patients' as entity,
    natural_key as value
from {{ ref('base_amd__patients_as_text') }}
where {{ is_trace('natural_key', "'patients'", 'natural_key') }}
union all
select
    'rois' as entity,
    natural_key as value
from {{ ref('base_amd__rois_as_text') }}
where
    {{ is_trace('natural_key', "'rois'", 'natural_key') }}
    or {{ is_trace('natural_key', "'patients'", normalize_key('patient_id')) }}
{%- endcall %}
{% call stage_traces('in_hubspot') -%}
select
    entity,
    hubspot_id as value
from {{ source('hubspot', 'hubspot_mirror') }}
where not coalesce(is_dead, false) and {{ is_trace('hubspot_id', 'entity', 'hubspot_id') }}
{%- endcall %}
{% call stage_traces('forgotten') -%}
select
    forgotten.entity,
    string(forgotten.forgotten_at) as value
from {{ source('control', 'reverse_etl_forgotten') }} as forgotten
inner join {{ traces('natural_key') }} as keys
    on
        forgotten.entity = keys.entity
        and forgotten.key_hash = {{ forgotten_hash('forgotten.salt', 'keys.entity', 'keys.value') }}
{%- endcall %}
{%- endmacro %}
