{#- Records how fresh the mirror of one entity is, and which properties it holds. -#}
{% macro note_mirror_refresh(entity, watermark, is_full) -%}
merge into {{ source('hubspot', 'hubspot_mirror_state') }} as mirror_state
using (
    select entity, property_list
    from {{ ref('int_mirrored_properties') }}
    where entity = {{ entity }}
) as plan
    on mirror_state.entity = plan.entity
when matched then update set
    watermark = {{ watermark }},
    {%- if is_full %}
    full_refreshed_at = {{ watermark }},
    property_list = plan.property_list,
    {%- endif %}
    refreshed_at = current_timestamp()
when not matched then insert (
    entity, watermark, full_refreshed_at, property_list, refreshed_at
) values (
    plan.entity,
    {{ watermark }},
    {{ watermark if is_full else 'null' }},
    plan.property_list,
    current_timestamp()
);
{%- endmacro %}
