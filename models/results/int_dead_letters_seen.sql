-- One row per dead letter that was seen, with how many runs saw it for the first time: counted
-- against what the table already holds, so that folding twice adds nothing.
with sightings as (

    select * from {{ ref('int_failure_sightings') }}

),

dead_letters as (

    select * from {{ source('control', 'reverse_etl_dlq') }}

),

open_failures as (

    select
        job_type as entity,
        record_ref,
        max(last_seen_at) as last_seen_at,
        max(runs_in_a_row) as runs_in_a_row,
        array_agg(last_run_id order by last_seen_at desc limit 1)[safe_offset(0)] as last_run_id,
    from dead_letters
    where resolved_at is null and coalesce(outcome, '') != 'quarantined'
    group by job_type, record_ref

),

compared as (

    select
        sightings.*,
        dead_letters.last_seen_at as known_last_seen_at,
        coalesce(
            sightings.seen_at > dead_letters.last_seen_at
            and sightings.run_id != dead_letters.last_run_id,
            true
        ) as is_new_run,
        coalesce(dead_letters.attempt, 0) as known_attempts,
        coalesce(
            sightings.seen_at > open_failures.last_seen_at
            and sightings.run_id != open_failures.last_run_id,
            true
        ) as is_new_run_of_record,
        coalesce(open_failures.runs_in_a_row, 0) as known_runs_in_a_row,
    from sightings
    left join dead_letters
        on
            sightings.entity = dead_letters.job_type
            and sightings.record_ref = dead_letters.record_ref
            and sightings.reason = dead_letters.reason
            and sightings.payload_hash = coalesce(dead_letters.payload_hash, '')
    left join open_failures
        on
            sightings.entity = open_failures.entity
            and sightings.record_ref = open_failures.record_ref

),

counted as (

    select
        entity,
        record_ref,
        reason,
        payload_hash,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        max(tried_at) as last_tried_at,
        max(known_attempts) + count(distinct if(is_new_run, run_id, null)) as attempts,
        max(known_runs_in_a_row)
        -- Only real tries: a record that is held back meanwhile has not failed again.
        + count(distinct if(
            is_new_run and is_new_run_of_record and tried_at is not null, run_id, null
        )) as runs_in_a_row,
    from compared
    group by entity, record_ref, reason, payload_hash

),

-- What HubSpot said of it last; the snapshot, which has no answer, gives way.
newest as (

    select *
    from sightings
    qualify
        row_number() over (
            partition by entity, record_ref, reason, payload_hash
            order by tried_at is null, seen_at desc, run_id
        ) = 1

),

last_runs as (

    select
        entity,
        record_ref,
        reason,
        payload_hash,
        run_id,
    from sightings
    qualify
        row_number() over (
            partition by entity, record_ref, reason, payload_hash
            order by seen_at desc, run_id
        ) = 1

),

final as (

    select
        counted.entity,
        counted.record_ref,
        counted.reason,
        counted.payload_hash,
        newest.natural_key,
        newest.object_type,
        newest.outcome,
        newest.operation,
        newest.hubspot_id,
        newest.category,
        newest.code,
        newest.property_names,
        newest.correlation_id,
        newest.catalogue_hash,
        counted.first_seen_at,
        counted.last_seen_at,
        counted.last_tried_at,
        last_runs.run_id as last_run_id,
        counted.attempts,
        counted.runs_in_a_row,
    from counted
    inner join newest
        on
            counted.entity = newest.entity
            and counted.record_ref = newest.record_ref
            and counted.reason = newest.reason
            and counted.payload_hash = newest.payload_hash
    inner join last_runs
        on
            counted.entity = last_runs.entity
            and counted.record_ref = last_runs.record_ref
            and counted.reason = last_runs.reason
            and counted.payload_hash = last_runs.payload_hash

)

select * from final
