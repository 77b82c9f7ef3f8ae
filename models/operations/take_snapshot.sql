{{ config(meta={'arguments': ['in_run_id string', 'in_entities string']}) }}
{%- set snapshot = source('control', 'reverse_etl_snapshot') -%}
create or replace table {{ snapshot }}
{{ control_table_design('reverse_etl_snapshot') }}
as
-- What an earlier run set out to create. One that was killed may have done so without a record of
-- it: then the id map does not know what HubSpot has by its key.
with creates_begun as (

    select distinct
        entity,
        natural_key,
    from {{ snapshot }}
    where is_queued and (operation = 'upsert' or is_resumed_create)

)

select
    in_run_id as run_id,
    current_timestamp() as taken_at,
    decisions.entity,
    decisions.natural_key,
    decisions.record_ref,
    decisions.state,
    decisions.reason,
    decisions.warnings,
    decisions.match_tier,
    decisions.hubspot_id,
    decisions.payload_hash,
    decisions.source_rows,
    decisions.object_type,
    decisions.operation,
    decisions.id_property,
    decisions.properties,
    decisions.guard,
    decisions.cleared_values,
    decisions.catalogue_hash,
    decisions.is_queued,
    decisions.changed_properties,
    decisions.kept_edits,
    decisions.still_refused,
    decisions.values_to_confirm,
    decisions.is_confirmed_unsent,
    decisions.last_modified_at,
    decisions.state = 'update'
    and decisions.match_tier = 0
    and not decisions.is_recorded
    and creates_begun.natural_key is not null as is_resumed_create,
    decisions.candidates,
    decisions.candidate_evidence
from {{ ref('sync_decisions') }} as decisions
left join creates_begun
    on
        decisions.entity = creates_begun.entity
        and decisions.natural_key = creates_begun.natural_key
where decisions.entity in unnest(split(in_entities, ','))
union all
-- A run of one entity leaves what was decided for the others.
select
    run_id,
    taken_at,
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
    is_queued,
    changed_properties,
    kept_edits,
    still_refused,
    values_to_confirm,
    is_confirmed_unsent,
    last_modified_at,
    is_resumed_create,
    candidates,
    candidate_evidence
from {{ snapshot }}
where entity not in (
    select entity
    from {{ ref('catalogue_entities') }}
    where record_entity in unnest(split(in_entities, ','))
);

-- What staff are told follows from what has just been decided.
{% set columns = [
    'entity', 'natural_key', 'record_ref', 'state', 'reason', 'warnings', 'match_tier', 'hubspot_id',
    'payload_hash', 'source_rows', 'object_type', 'operation', 'id_property', 'properties', 'guard',
    'cleared_values', 'catalogue_hash', 'is_queued', 'changed_properties', 'is_confirmed_unsent',
    'last_modified_at',
] -%}
insert into {{ snapshot }} (run_id, taken_at, {{ columns | join(', ') }})
select
    in_run_id as run_id,
    current_timestamp() as taken_at,
    {{ columns | join(',\n    ') }}
from {{ ref('staff_notes') }}
where record_entity in unnest(split(in_entities, ','));
