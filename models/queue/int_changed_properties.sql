{#- Longer than any sync stands still; so nobody asks for ever how old a definition is. -#}
{%- set look_back_days = 90 -%}
-- Properties of the catalogue whose definition changed in the portal of late. One that was deleted
-- and made again has lost its values, and no record tells: so the mirror is read anew, and what was
-- sent before is compared with what HubSpot holds.
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

portal_properties as (

    select * from {{ source('hubspot', 'hubspot_portal_properties') }}

),

dated as (

    select
        properties.entity,
        properties.property,
        greatest(
            coalesce(
                safe_cast(portal_properties.updated_at as timestamp),
                portal_properties.first_seen_at
            ),
            coalesce(
                portal_properties.first_seen_at,
                safe_cast(portal_properties.updated_at as timestamp)
            )
        ) as changed_at,
    from properties
    inner join portal_properties
        on
            properties.entity = portal_properties.entity
            and properties.property = portal_properties.property
    where properties.is_mirrored

),

listed as (

    select
        entity,
        max(changed_at) as changed_at,
        array_agg(
            concat(format_timestamp('%Y-%m-%dT%H:%M:%S', changed_at), ' ', property)
            order by property
        ) as changes,
    from dated
    where changed_at > timestamp_sub(current_timestamp(), interval {{ look_back_days }} day)
    group by entity

)

select * from listed
