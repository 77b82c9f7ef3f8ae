{#- Longer than any sync stands still; so nobody asks for ever how old a definition is. -#}
{%- set look_back_days = 90 -%}
-- What the portal is known to lack. Optional properties that it does not have are left out of every
-- payload until it has them; and where a definition changed of late, the property may have been
-- deleted and made again, which no record tells: so the mirror is read anew, and what was sent
-- before is compared with what HubSpot holds. A portal that nobody has looked at yet has no known
-- gaps.
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

portal_properties as (

    select * from {{ source('hubspot', 'hubspot_portal_properties') }}

),

compared as (

    select
        properties.entity,
        properties.property,
        properties.written_by,
        portal_properties.property is not null as is_in_portal,
        properties.is_optional
        and properties.write_mode != 'never'
        and portal_properties.property is null as is_gap,
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
    left join portal_properties
        on
            properties.entity = portal_properties.entity
            and properties.property = portal_properties.property

),

recent as (

    select
        entity,
        property,
        written_by,
        is_in_portal,
        is_gap,
        if(
            changed_at > timestamp_sub(current_timestamp(), interval {{ look_back_days }} day),
            changed_at,
            null
        ) as changed_at,
    from compared

),

listed as (

    select
        entity,
        string_agg(
            if(is_gap and written_by = entity, property, null), ',' order by property
        ) as missing_properties,
        -- What an entity tells in properties of another's records it tells whole, or not at all.
        string_agg(distinct if(is_gap and written_by != entity, written_by, null), ',')
            as silent_entities,
        string_agg(
            concat(format_timestamp('%Y-%m-%dT%H:%M:%S', changed_at), ' ', property),
            ',' order by property
        ) as changes,
        max(changed_at) as changed_at,
    from recent
    group by entity
    having countif(is_in_portal) > 0

),

final as (

    select
        entity,
        if(missing_properties is null, [], split(missing_properties, ',')) as missing_properties,
        silent_entities,
        if(changes is null, [], split(changes, ',')) as changes,
        changed_at,
    from listed

)

select * from final
