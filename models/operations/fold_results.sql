{{ config(meta={'arguments': []}) }}
{%- set id_map = source('control', 'hubspot_id_map') %}
{%- set dead_letters = source('control', 'reverse_etl_dlq') %}
{%- set ledger = source('control', 'reverse_etl_run_ledger') %}
{%- set retention_days = setting('RETENTION_DAYS') %}
-- What was confirmed. Every statement here may run twice: the second time changes nothing. Hashes
-- of values come from the snapshot that was shipped; where it is gone, the old ones stay.
merge into {{ id_map }} as id_map
using {{ ref('int_confirmed_results') }} as results
    on id_map.entity = results.entity and id_map.natural_key = results.natural_key
when matched and results.pushed_at >= id_map.updated_at then update set
    hubspot_object_type = results.object_type,
    hubspot_id = results.hubspot_id,
    record_ref = results.record_ref,
    payload_hash = results.payload_hash,
    match_tier = results.match_tier,
    -- How the record came to this contact, whatever was written to it later.
    first_match_tier = if(
        results.match_tier != 0 and results.hubspot_id != id_map.hubspot_id,
        results.match_tier,
        coalesce(id_map.first_match_tier, id_map.match_tier, results.match_tier)
    ),
    run_id = results.run_id,
    hubspot_updated_at = results.hubspot_updated_at,
    refused_properties = results.refused_properties,
    refused_at = if(
        results.newly_refused is not null,
        results.pushed_at,
        if(results.still_refused is not null, id_map.refused_at, null)
    ),
    confirmed_values = coalesce(results.confirmed_values, id_map.confirmed_values),
    kept_edits = if(results.confirmed_values is null, id_map.kept_edits, results.kept_edits),
    updated_at = results.pushed_at,
    -- A chart that came back is its own again.
    rekeyed_to = null
when not matched then insert (
    entity, hubspot_object_type, natural_key, hubspot_id, record_ref, payload_hash, match_tier,
    first_match_tier, run_id, hubspot_updated_at, refused_properties, refused_at, confirmed_values,
    kept_edits, updated_at
) values (
    results.entity,
    results.object_type,
    results.natural_key,
    results.hubspot_id,
    results.record_ref,
    results.payload_hash,
    results.match_tier,
    results.match_tier,
    results.run_id,
    results.hubspot_updated_at,
    results.refused_properties,
    if(results.newly_refused is not null, results.pushed_at, null),
    results.confirmed_values,
    results.kept_edits,
    results.pushed_at
);

-- Whose map it is stays with its rows, wherever they are copied. The lease names the portal; a run
-- that finds another one here ends before it takes it.
update {{ id_map }}
set
    portal_id = coalesce(
        portal_id, (select max(portal_id) from {{ source('control', 'reverse_etl_lease') }})
    ),
    dataset = coalesce(dataset, '{{ target.database }}.{{ target.schema }}'),
    first_match_tier = coalesce(first_match_tier, match_tier)
where
    portal_id is null
    or (first_match_tier is null and match_tier is not null);

merge into {{ source('hubspot', 'hubspot_mirror') }} as mirror
using {{ ref('int_new_records') }} as new_records
    on mirror.entity = new_records.entity and mirror.hubspot_id = new_records.hubspot_id
when not matched then insert (
    entity, hubspot_id, properties, last_modified_at, is_dead, refreshed_at
) values (
    new_records.entity,
    new_records.hubspot_id,
    new_records.properties,
    new_records.last_modified_at,
    false,
    current_timestamp()
);

-- What was not.
merge into {{ dead_letters }} as dead_letters
using {{ ref('int_dead_letters_seen') }} as seen
    on
        dead_letters.job_type = seen.entity
        and dead_letters.record_ref = seen.record_ref
        and dead_letters.reason = seen.reason
        and coalesce(dead_letters.payload_hash, '') = seen.payload_hash
when matched and seen.last_seen_at > dead_letters.last_seen_at then update set
    outcome = coalesce(seen.outcome, dead_letters.outcome),
    operation = coalesce(seen.operation, dead_letters.operation),
    hubspot_id = coalesce(seen.hubspot_id, dead_letters.hubspot_id),
    category = coalesce(seen.category, dead_letters.category),
    code = coalesce(seen.code, dead_letters.code),
    property_names = coalesce(seen.property_names, dead_letters.property_names),
    correlation_id = coalesce(seen.correlation_id, dead_letters.correlation_id),
    catalogue_hash = coalesce(seen.catalogue_hash, dead_letters.catalogue_hash),
    last_seen_at = seen.last_seen_at,
    last_tried_at = coalesce(seen.last_tried_at, dead_letters.last_tried_at),
    last_run_id = seen.last_run_id,
    attempt = seen.attempts,
    runs_in_a_row = seen.runs_in_a_row,
    resolved_at = null
when not matched then insert (
    ts,
    job_type,
    natural_key,
    hubspot_object_type,
    attempt,
    record_ref,
    reason,
    payload_hash,
    outcome,
    operation,
    hubspot_id,
    category,
    code,
    property_names,
    correlation_id,
    catalogue_hash,
    first_seen_at,
    last_seen_at,
    last_tried_at,
    last_run_id,
    runs_in_a_row
) values (
    seen.first_seen_at,
    seen.entity,
    seen.natural_key,
    seen.object_type,
    seen.attempts,
    seen.record_ref,
    seen.reason,
    seen.payload_hash,
    seen.outcome,
    seen.operation,
    seen.hubspot_id,
    seen.category,
    seen.code,
    seen.property_names,
    seen.correlation_id,
    seen.catalogue_hash,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.last_tried_at,
    seen.last_run_id,
    seen.runs_in_a_row
);

merge into {{ dead_letters }} as dead_letters
using {{ ref('int_dead_letters_settled') }} as settled
    on
        dead_letters.job_type = settled.entity
        and dead_letters.record_ref = settled.record_ref
        and dead_letters.reason = settled.reason
        and coalesce(dead_letters.payload_hash, '') = settled.payload_hash
when matched and dead_letters.resolved_at is null then update set
    resolved_at = current_timestamp();

-- A run that is still `running` although another holds the lease was killed.
update {{ ledger }}
set
    folded_at = current_timestamp(),
    finished_at = coalesce(finished_at, current_timestamp()),
    status = if(status = 'running', 'interrupted', status)
where
    folded_at is null
    and run_id not in (
        select run_id from {{ source('control', 'reverse_etl_lease') }}
        where run_id is not null
    );

-- These tables were here before this project, without an expiry of their own.
delete from {{ dead_letters }}
where resolved_at < timestamp_sub(current_timestamp(), interval {{ retention_days }} day);

delete from {{ ledger }}
where started_at < timestamp_sub(current_timestamp(), interval {{ retention_days }} day);

-- What a refresh had staged when it was refused or killed; none lasts for a day.
delete from {{ source('hubspot', 'hubspot_mirror_stage') }}
where loaded_at < timestamp_sub(current_timestamp(), interval 1 day);

delete from {{ source('hubspot', 'hubspot_portal_stage') }}
where checked_at < timestamp_sub(current_timestamp(), interval 1 day);

delete from {{ source('control', 'reverse_etl_forget_stage') }}
where staged_at < timestamp_sub(current_timestamp(), interval 1 day);
{%- if var('rekey_certain_merges') %}

-- Charts that were merged in AMD, where there is no doubt.
{{ rekey_merged_charts('merges.is_certain') }}
{%- endif %}
