-- Open dead letters whose record has left the state that they tell of: not seen in the newest
-- run, and not merely waiting there, due but unsent.
with dead_letters as (

    select * from {{ source('control', 'reverse_etl_dlq') }}

),

snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}

),

results as (

    select * from {{ ref('int_results') }}

),

sightings as (

    select * from {{ ref('int_failure_sightings') }}

),

newest_run as (

    select distinct
        run_id,
        entity,
    from snapshot_rows

),

seen as (

    select distinct
        sightings.entity,
        sightings.record_ref,
        sightings.reason,
        sightings.payload_hash,
    from sightings
    inner join newest_run
        on
            sightings.run_id = newest_run.run_id
            and sightings.entity = newest_run.entity

),

answered as (

    select distinct
        run_id,
        entity,
        record_ref,
    from results

),

waiting as (

    select
        snapshot_rows.entity,
        snapshot_rows.record_ref,
    from snapshot_rows
    left join answered
        on
            snapshot_rows.run_id = answered.run_id
            and snapshot_rows.entity = answered.entity
            and snapshot_rows.record_ref = answered.record_ref
    where snapshot_rows.is_queued and answered.record_ref is null

),

settled as (

    select
        dead_letters.job_type as entity,
        dead_letters.record_ref,
        dead_letters.reason,
        coalesce(dead_letters.payload_hash, '') as payload_hash,
    from dead_letters
    inner join newest_run
        on dead_letters.job_type = newest_run.entity
    left join seen
        on
            dead_letters.job_type = seen.entity
            and dead_letters.record_ref = seen.record_ref
            and dead_letters.reason = seen.reason
            and coalesce(dead_letters.payload_hash, '') = seen.payload_hash
    left join waiting
        on
            dead_letters.job_type = waiting.entity
            and dead_letters.record_ref = waiting.record_ref
    where
        dead_letters.resolved_at is null
        and seen.record_ref is null
        and waiting.record_ref is null

)

select distinct * from settled
