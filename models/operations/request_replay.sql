{{ config(meta={
    'arguments': ['in_entities string', 'in_reason string', 'in_record_refs string'],
}) }}
-- Makes dead letters due again, whatever their payload. An empty reason or list of records stands
-- for any. Only what HubSpot refused is held back: all else is decided afresh in every run.
update {{ source('control', 'reverse_etl_dlq') }}
set replay_requested_at = current_timestamp()
where
    resolved_at is null
    and outcome = 'rejected'
    and job_type in unnest(split(in_entities, ','))
    and in_reason in ('', reason)
    and (in_record_refs = '' or record_ref in unnest(split(in_record_refs, ',')));
