with id_map as (

    select * from {{ source('control', 'hubspot_id_map') }}

),

merged_records as (

    select * from {{ ref('int_merged_records') }}

),

resolved as (

    select
        id_map.entity,
        id_map.natural_key,
        coalesce(merged_records.survivor_id, id_map.hubspot_id) as hubspot_id,
        id_map.payload_hash,
        id_map.hubspot_updated_at,
    from id_map
    left join merged_records
        on
            id_map.entity = merged_records.entity
            and id_map.hubspot_id = merged_records.merged_id
    where id_map.entity is not null and id_map.natural_key is not null

)

select * from resolved
