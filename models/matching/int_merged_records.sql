with recursive mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}

),

merges as (

    select
        mirror.entity,
        trim(merged_id) as merged_id,
        mirror.hubspot_id as survivor_id,
    from mirror
    cross join unnest(split(mirror.merged_ids, ';')) as merged_id
    where trim(merged_id) not in ('', mirror.hubspot_id)

),

-- A survivor may have been merged away itself: follow the chain. Twenty steps end a circle.
chains as (

    select
        entity,
        merged_id,
        survivor_id,
        1 as steps,
    from merges
    union all
    select
        chains.entity,
        chains.merged_id,
        merges.survivor_id,
        chains.steps + 1 as steps,
    from chains
    inner join merges
        on
            chains.entity = merges.entity
            and chains.survivor_id = merges.merged_id
    where chains.steps < 20

),

last_survivors as (

    select
        entity,
        merged_id,
        survivor_id,
    from chains
    qualify
        row_number() over (
            partition by entity, merged_id
            order by steps desc, survivor_id
        ) = 1

)

select * from last_survivors
