{{ config(meta={'arguments': ['in_entity string', 'in_reason string', 'in_record_refs string']}) }}
-- Makes dead letters due again, whatever their payload. An empty argument stands for any.
update {{ source('control', 'reverse_etl_dlq') }}
set replay_requested_at = current_timestamp()
where
    resolved_at is null
    and in_entity in ('', job_type)
    and in_reason in ('', reason)
    and (in_record_refs = '' or record_ref in unnest(split(in_record_refs, ',')));
