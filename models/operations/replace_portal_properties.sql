{{ config(meta={'arguments': ['in_refresh_id string', 'in_entity string']}) }}
{%- set portal = source('hubspot', 'hubspot_portal_properties') %}
{%- set stage = source('hubspot', 'hubspot_portal_stage') %}
{%- set columns = [
    'label', 'property_type', 'field_type', 'has_unique_value', 'sensitivity', 'is_read_only',
    'option_values', 'checked_at'
] %}
-- One statement, so that no reader sees a portal without properties.
merge into {{ portal }} as portal
using (
    select * from {{ stage }}
    where refresh_id = in_refresh_id and entity = in_entity
    qualify row_number() over (partition by property order by checked_at desc, sensitivity) = 1
) as staged
    on portal.entity = staged.entity and portal.property = staged.property
when matched then update set
    {%- for column in columns %}
    {{ column }} = staged.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
when not matched by target then insert (
    entity, property, {{ columns | join(', ') }}
) values (
    staged.entity, staged.property, staged.{{ columns | join(', staged.') }}
)
when not matched by source and portal.entity = in_entity then delete;

delete from {{ stage }}
where refresh_id = in_refresh_id;
