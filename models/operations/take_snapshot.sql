{{ config(meta={'arguments': ['in_run_id string', 'in_entities string']}) }}
create or replace table {{ source('control', 'reverse_etl_snapshot') }}
cluster by entity, record_ref
as
select
    in_run_id as run_id,
    current_timestamp() as taken_at,
    entity,
    natural_key,
    record_ref,
    state,
    reason,
    warnings,
    match_tier,
    hubspot_id,
    payload_hash,
    source_rows,
    object_type,
    operation,
    id_property,
    properties,
    guard,
    cleared_values,
    catalogue_hash,
    is_queued
from {{ ref('sync_decisions') }}
where entity in unnest(split(in_entities, ','));
