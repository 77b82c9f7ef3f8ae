{%- set retry_after_days = setting('RETRY_FAILED_AFTER_DAYS') -%}
with id_map as (

    select * from {{ source('control', 'hubspot_id_map') }}

),

merges as (

    select * from {{ source('hubspot', 'hubspot_merges') }}

),

resolved as (

    select
        id_map.entity,
        id_map.natural_key,
        coalesce(merges.survivor_id, id_map.hubspot_id) as hubspot_id,
        id_map.payload_hash,
        id_map.hubspot_updated_at,
        id_map.rekeyed_from,
        id_map.refused_properties,
        id_map.confirmed_values,
        id_map.kept_edits,
        -- What HubSpot refused may have been mended on its side. Spread over as many days again:
        -- all that a rule refused in one night would be a mass change in another.
        coalesce(
            id_map.refused_properties is not null
            and timestamp_add(
                coalesce(id_map.refused_at, id_map.updated_at),
                interval ({{ retry_after_days }} + abs(mod(
                    farm_fingerprint(id_map.natural_key), greatest({{ retry_after_days }}, 1)
                ))) day
            ) < current_timestamp(),
            false
        ) as is_due_again,
        id_map.updated_at as sent_at,
    from id_map
    left join merges
        on
            id_map.entity = merges.entity
            and id_map.hubspot_id = merges.merged_id
    where
        id_map.entity is not null
        and id_map.natural_key is not null
        and id_map.rekeyed_to is null

)

select * from resolved
