{%- set look_back_days = 7 -%}
-- What HubSpot answered, once each: an append whose answer was lost may have landed twice. Back
-- to the oldest run that has not been folded, and a week at least, so that the late append of a
-- run which had lost its lease still counts.
with push_log as (

    select * from {{ source('control', 'reverse_etl_push_log') }}

),

ledger as (

    select * from {{ source('control', 'reverse_etl_run_ledger') }}

),

horizon as (

    select
        least(
            coalesce(min(if(folded_at is null, started_at, null)), current_timestamp()),
            timestamp_sub(current_timestamp(), interval {{ look_back_days }} day)
        ) as starts_at,
    from ledger

),

recent as (

    select push_log.*
    from push_log
    cross join horizon
    where push_log.pushed_at >= horizon.starts_at

),

once_each as (

    select *
    from recent
    qualify row_number() over (partition by result_id order by pushed_at) = 1

)

select * from once_each
