-- What to read back from HubSpot, and from when.
with objects as (

    select * from {{ ref('catalogue_objects') }}

),

mirrored_properties as (

    select * from {{ ref('int_mirrored_properties') }}

),

mirror_state as (

    select * from {{ source('hubspot', 'hubspot_mirror_state') }}

),

portal_gaps as (

    select * from {{ ref('int_portal_gaps') }}

),

mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}

),

-- HubSpot's search index lags behind its store: a delta reaches back ten minutes.
starts as (

    select
        entity,
        watermark,
        timestamp_sub(watermark, interval 10 minute) as delta_from,
        full_refreshed_at,
        property_list,
    from mirror_state

),

counts as (

    select
        entity,
        count(*) as live_rows,
    from mirror
    where not coalesce(is_dead, false)
    group by entity

),

final as (

    select
        objects.entity,
        objects.object_type,
        objects.id_property,
        objects.last_modified_property,
        mirrored_properties.property_list as properties,
        starts.watermark,
        starts.delta_from,
        coalesce(counts.live_rows, 0) as live_rows,
        -- By itself once a week; when the catalogue asks for a property that the rows lack; and
        -- when a property's definition changed, which may have cost it its values.
        coalesce(
            starts.full_refreshed_at < timestamp_sub(current_timestamp(), interval 7 day)
            or coalesce(portal_gaps.changed_at > starts.full_refreshed_at, false)
            or starts.property_list != mirrored_properties.property_list,
            true
        ) as needs_full,
    from objects
    inner join mirrored_properties
        on objects.entity = mirrored_properties.entity
    left join starts
        on objects.entity = starts.entity
    left join portal_gaps
        on objects.entity = portal_gaps.entity
    left join counts
        on objects.entity = counts.entity

)

select * from final
