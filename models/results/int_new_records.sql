-- Records that a run wrote and that the mirror may not have read back yet. With them in it, a
-- mapped record that the mirror lacks is one that HubSpot no longer has.
with results as (

    select * from {{ ref('int_confirmed_results') }}

),

snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}

),

newest as (

    select
        results.entity,
        results.hubspot_id,
        -- Without what HubSpot refused of it.
        coalesce(
            {{ without_properties(
                'snapshot_rows.properties', "split(results.newly_refused, ',')"
            ) | indent(12) }},
            snapshot_rows.properties,
            '{}'
        ) as properties,
        coalesce(results.hubspot_updated_at, results.pushed_at) as last_modified_at,
    from results
    left join snapshot_rows
        on
            results.run_id = snapshot_rows.run_id
            and results.entity = snapshot_rows.entity
            and results.record_ref = snapshot_rows.record_ref
    where results.operation = 'upsert'
    qualify
        row_number() over (
            partition by results.entity, results.hubspot_id
            order by results.pushed_at desc, results.result_id
        ) = 1

)

select * from newest
