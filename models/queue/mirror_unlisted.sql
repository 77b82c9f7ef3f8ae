-- Live records of the mirror that a full listing in the stage lacks: HubSpot is asked for each by
-- its id, for a listing that lost one is likelier than a record that did.
with stage as (

    select * from {{ source('hubspot', 'hubspot_mirror_stage') }}

),

mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}

),

refreshes as (

    select distinct
        refresh_id,
        entity,
    from stage

),

live as (

    select
        refreshes.refresh_id,
        mirror.entity,
        mirror.hubspot_id,
    from refreshes
    inner join mirror
        on refreshes.entity = mirror.entity
    where not coalesce(mirror.is_dead, false)

),

final as (

    select
        live.refresh_id,
        live.entity,
        live.hubspot_id,
    from live
    left join stage
        on
            live.refresh_id = stage.refresh_id
            and live.entity = stage.entity
            and live.hubspot_id = stage.hubspot_id
    where stage.hubspot_id is null

)

select * from final
