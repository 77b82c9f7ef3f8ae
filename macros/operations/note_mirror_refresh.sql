{#- Records how fresh the mirror of one entity is, and which properties it holds. -#}
{% macro note_mirror_refresh(entity, watermark, mode) -%}
merge into {{ source('hubspot', 'hubspot_mirror_state') }} as mirror_state
using (
    select entity, property_list
    from {{ ref('int_mirrored_properties') }}
    where entity = {{ entity }}
) as plan
    on mirror_state.entity = plan.entity
when matched then update set
    watermark = {{ watermark }},
    full_refreshed_at = if({{ mode }} = 'full', {{ watermark }}, mirror_state.full_refreshed_at),
    property_list = if({{ mode }} = 'full', plan.property_list, mirror_state.property_list),
    refreshed_at = current_timestamp()
when not matched then insert (
    entity, watermark, full_refreshed_at, property_list, refreshed_at
) values (
    plan.entity,
    {{ watermark }},
    if({{ mode }} = 'full', {{ watermark }}, null),
    plan.property_list,
    current_timestamp()
);
{%- endmacro %}
