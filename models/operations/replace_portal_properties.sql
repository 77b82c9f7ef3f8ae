{{ config(meta={'arguments': ['in_refresh_id string', 'in_entity string']}) }}
{%- set portal = source('hubspot', 'hubspot_portal_properties') %}
{%- set stage = source('hubspot', 'hubspot_portal_stage') %}
{%- set columns = [
    'label', 'property_type', 'field_type', 'has_unique_value', 'sensitivity', 'is_read_only',
    'option_values', 'updated_at', 'checked_at', 'is_required', 'validation_rules', 'option_labels'
] %}
-- One statement, so that no reader sees a portal without properties. Called again once the stage
-- is cleared, it does nothing.
merge into {{ portal }} as portal
using (
    with listed as (
        select * from {{ stage }}
        where refresh_id = in_refresh_id and entity = in_entity
        qualify row_number() over (partition by property order by checked_at desc, sensitivity) = 1
    ),

    known as (
        select property
        from {{ portal }}
        where entity = in_entity
    ),

    -- What was there at the first look may have been there for ever.
    looks as (
        select count(*) > 0 as is_later_one
        from known
    )

    select
        coalesce(listed.property, known.property) as property,
        listed.{{ columns | join(',\n        listed.') }},
        if(looks.is_later_one, current_timestamp(), null) as first_seen_at,
        listed.property is null as is_gone
    from listed
    full outer join known
        on listed.property = known.property
    cross join looks
    where in_refresh_id in (select refresh_id from {{ stage }})
) as replacement
    on portal.entity = in_entity and portal.property = replacement.property
when matched and replacement.is_gone then delete
when matched then update set
    {%- for column in columns %}
    {{ column }} = replacement.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
when not matched by target then insert (
    entity, property, first_seen_at, {{ columns | join(', ') }}
) values (
    in_entity,
    replacement.property,
    replacement.first_seen_at,
    replacement.{{ columns | join(', replacement.') }}
);

delete from {{ stage }}
where refresh_id = in_refresh_id;
