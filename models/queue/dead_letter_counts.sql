with dead_letters as (

    select * from {{ source('control', 'reverse_etl_dlq') }}

),

counted as (

    select
        job_type as entity,
        reason,
        count(*) as open_entries,
        countif(outcome = 'rejected') as replayable,
        min(first_seen_at) as oldest_seen_at,
        max(attempt) as max_attempts,
    from dead_letters
    where resolved_at is null
    group by job_type, reason

)

select * from counted
