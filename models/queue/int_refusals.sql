{%- set retry_after_days = setting('RETRY_FAILED_AFTER_DAYS') -%}
-- Payloads that HubSpot refused and that would be refused again: same payload, same operation,
-- same target, same catalogue, not replayed, and not yet due for another try.
with dead_letters as (

    select * from {{ source('control', 'reverse_etl_dlq') }}

),

catalogue_hashes as (

    select * from {{ ref('int_catalogue_hashes') }}

),

standing as (

    select
        dead_letters.job_type as entity,
        dead_letters.natural_key,
        dead_letters.payload_hash,
        dead_letters.operation,
        coalesce(dead_letters.hubspot_id, '') as hubspot_id,
        dead_letters.reason,
    from dead_letters
    inner join catalogue_hashes
        on
            dead_letters.job_type = catalogue_hashes.entity
            and dead_letters.catalogue_hash = catalogue_hashes.catalogue_hash
    where
        dead_letters.outcome = 'rejected'
        and dead_letters.resolved_at is null
        -- What the portal lacks is no fault of the record: due again, so that the run asks the
        -- portal, and says what is missing.
        and coalesce(dead_letters.code, '') != 'PROPERTY_DOESNT_EXIST'
        and dead_letters.last_tried_at
        > timestamp_sub(current_timestamp(), interval {{ retry_after_days }} day)
        and (
            dead_letters.replay_requested_at is null
            or dead_letters.replay_requested_at < dead_letters.last_tried_at
        )
    qualify
        row_number() over (
            partition by
                dead_letters.job_type,
                dead_letters.natural_key,
                dead_letters.payload_hash,
                dead_letters.operation,
                dead_letters.hubspot_id
            order by dead_letters.last_tried_at desc, dead_letters.reason
        ) = 1

)

select * from standing
