-- Optional properties that the portal is known not to have: they are left out of every payload
-- until it has them. A portal that nobody has looked at yet has no known gaps. Beside them what may
-- have left a gap in every record: the properties whose definition changed.
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

portal_properties as (

    select * from {{ source('hubspot', 'hubspot_portal_properties') }}

),

changed_properties as (

    select * from {{ ref('int_changed_properties') }}

),

checked_entities as (

    select distinct entity
    from portal_properties

),

gaps as (

    select
        properties.entity,
        array_agg(properties.property order by properties.property) as missing_properties,
    from properties
    inner join checked_entities
        on properties.entity = checked_entities.entity
    left join portal_properties
        on
            properties.entity = portal_properties.entity
            and properties.property = portal_properties.property
    where
        properties.is_optional
        and properties.write_mode != 'never'
        and portal_properties.property is null
    group by properties.entity

),

final as (

    select
        coalesce(gaps.entity, changed_properties.entity) as entity,
        coalesce(gaps.missing_properties, []) as missing_properties,
        coalesce(changed_properties.changes, []) as changes,
    from gaps
    full outer join changed_properties
        on gaps.entity = changed_properties.entity

)

select * from final
