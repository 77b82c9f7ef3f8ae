-- Every time that a record was seen not to arrive: refused or unanswered by HubSpot (the push
-- log), or held back by a rule (the snapshot).
with results as (

    select * from {{ ref('int_results') }}

),

snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}

),

catalogue_hashes as (

    select * from {{ ref('int_catalogue_hashes') }}

),

in_push_log as (

    select
        results.entity,
        results.natural_key,
        results.record_ref,
        results.object_type,
        case results.outcome
            when 'rejected'
                then concat('rejected_', lower(coalesce(results.code, results.category, 'unknown')))
            -- HubSpot is there, and cannot digest this record.
            when 'unanswered'
                then coalesce(
                    concat('answered_', regexp_extract(results.code, r'^HTTP_(5\d\d)$')),
                    results.outcome
                )
            else results.outcome
        end as reason,
        coalesce(results.payload_hash, '') as payload_hash,
        results.outcome,
        results.operation,
        results.hubspot_id,
        results.category,
        results.code,
        results.property_names,
        results.correlation_id,
        coalesce(snapshot_rows.catalogue_hash, catalogue_hashes.catalogue_hash) as catalogue_hash,
        results.run_id,
        results.pushed_at as seen_at,
        results.pushed_at as tried_at,
    from results
    left join snapshot_rows
        on
            results.run_id = snapshot_rows.run_id
            and results.entity = snapshot_rows.entity
            and results.record_ref = snapshot_rows.record_ref
    left join catalogue_hashes
        on results.entity = catalogue_hashes.entity
    where results.outcome not in ('created', 'updated')

),

in_snapshot as (

    select
        entity,
        natural_key,
        record_ref,
        object_type,
        reason,
        coalesce(payload_hash, '') as payload_hash,
        if(state = 'quarantined', 'quarantined', null) as outcome,
        cast(null as string) as operation,
        hubspot_id,
        cast(null as string) as category,
        cast(null as string) as code,
        cast(null as string) as property_names,
        cast(null as string) as correlation_id,
        catalogue_hash,
        run_id,
        taken_at as seen_at,
        cast(null as timestamp) as tried_at,
    from snapshot_rows
    where state in ('quarantined', 'failed')

),

sightings as (

    select * from in_push_log
    union all
    select * from in_snapshot

)

select * from sightings
