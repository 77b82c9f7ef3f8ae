-- Records that have failed to arrive at five tries running.
with dead_letters as (

    select * from {{ source('control', 'reverse_etl_dlq') }}

),

repeated as (

    select
        job_type as entity,
        record_ref,
        reason,
        runs_in_a_row as attempts,
        last_tried_at,
    from dead_letters
    where
        resolved_at is null
        and coalesce(outcome, '') != 'quarantined'
        and runs_in_a_row >= 5

)

select * from repeated
