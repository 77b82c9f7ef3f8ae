-- What HubSpot is known to hold: what it confirmed, and what it held already when AMD came to say
-- the same.
with results as (

    select * from {{ ref('int_results') }}

),

snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}

),

confirmed as (

    select
        results.* except (refused_properties),
        results.refused_properties as newly_refused,
        snapshot_rows.still_refused,
        snapshot_rows.values_to_confirm as confirmed_values,
        snapshot_rows.kept_edits,
    from results
    left join snapshot_rows
        on
            results.run_id = snapshot_rows.run_id
            and results.entity = snapshot_rows.entity
            and results.record_ref = snapshot_rows.record_ref
    where
        results.outcome in ('created', 'updated')
        and results.natural_key is not null
        and results.hubspot_id is not null

),

held_already as (

    select
        cast(null as string) as result_id,
        run_id,
        entity,
        object_type,
        natural_key,
        record_ref,
        operation,
        hubspot_id,
        payload_hash,
        match_tier,
        last_modified_at as hubspot_updated_at,
        taken_at as pushed_at,
        cast(null as string) as newly_refused,
        still_refused,
        values_to_confirm as confirmed_values,
        kept_edits,
    from snapshot_rows
    where is_confirmed_unsent

),

unioned as (

    select
        result_id,
        run_id,
        entity,
        object_type,
        natural_key,
        record_ref,
        operation,
        hubspot_id,
        payload_hash,
        match_tier,
        hubspot_updated_at,
        pushed_at,
        newly_refused,
        still_refused,
        confirmed_values,
        kept_edits,
    from confirmed
    union all
    select * from held_already

),

newest as (

    select
        *,
        nullif(
            array_to_string([newly_refused, still_refused], ','), ''
        ) as refused_properties,
    from unioned
    qualify
        row_number() over (
            partition by entity, natural_key
            order by pushed_at desc, result_id
        ) = 1

)

select * from newest
