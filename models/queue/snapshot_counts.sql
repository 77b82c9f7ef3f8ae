with snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}

),

counted as (

    select
        run_id,
        entity,
        state,
        reason,
        match_tier,
        count(*) as records,
        sum(source_rows) as source_rows,
        countif(is_queued) as queued,
        countif(is_queued and operation = 'upsert') as queued_creates,
    from snapshot_rows
    group by run_id, entity, state, reason, match_tier

)

select * from counted
