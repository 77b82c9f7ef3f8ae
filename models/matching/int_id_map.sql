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
