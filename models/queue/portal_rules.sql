-- What HubSpot asks of the values of our properties beyond their type: an admin's validation rules,
-- lists of options, and what a new record must have.
with portal_properties as (

    select * from {{ source('hubspot', 'hubspot_portal_properties') }}

),

properties as (

    select * from {{ ref('catalogue_properties') }}

),

joined as (

    select
        portal_properties.*,
        coalesce(properties.write_mode, 'never') != 'never' as is_ours,
        coalesce(properties.is_required, false) as is_always_sent,
        properties.property_type as our_type,
    from portal_properties
    left join properties
        on
            portal_properties.entity = properties.entity
            and portal_properties.property = properties.property

),

-- A line for each rule: its type and its arguments, between tabs.
validated as (

    select
        joined.entity,
        joined.property,
        split(line, '\t')[safe_offset(0)] as rule,
        array(
            select part
            from unnest(split(line, '\t')) as part with offset as position
            where position > 0
            order by position
        ) as arguments,
    from joined
    cross join unnest(split(joined.validation_rules, '\n')) as line
    where joined.is_ours and line != ''

),

unioned as (

    select * from validated
    union all
    select
        entity,
        property,
        'OPTIONS' as rule,
        split(option_values, ';') as arguments,
    from joined
    where is_ours and our_type = 'enumeration' and option_values is not null
    union all
    select
        entity,
        property,
        'REQUIRED' as rule,
        cast([] as array<string>) as arguments,
    from joined
    where is_required and not is_always_sent

)

select * from unioned
