-- What becomes of every row, and why: its state, and what is sent where it is due. The one place that
-- decides; sync_status, push_queue and the snapshot only select from it.
with property_decisions as (

    select * from {{ ref('int_property_decisions') }}

),

decided as (

    select
        *,
        case
            when exclusion_reason is not null then 'excluded'
            when quarantine_reason is not null then 'quarantined'
            when is_protected then 'protected'
            when refusal_reason is not null then 'failed'
            when operation = 'upsert' then 'create'
            when sent_entries is not null then 'update'
            else 'unchanged'
        end as state,
        if(is_open, concat('{', hashes_to_confirm, '}'), null) as values_to_confirm,
        concat('{', if(
            operation = 'upsert', array_to_string(payload_entries, ','), sent_entries
        ), '}') as payload,
    from property_decisions

),

final as (

    select
        entity,
        object_type,
        natural_key,
        record_ref,
        state,
        case state
            when 'excluded' then exclusion_reason
            when 'quarantined' then quarantine_reason
            when 'failed' then refusal_reason
        end as reason,
        array_to_string(
            array_concat(
                warnings,
                {{ warnings_of('edited', 'kept_edits') }},
                {{ warnings_of('overwrites_edit', 'overwritten_edits') }},
                {{ warnings_of('refused', 'still_refused') }}
            ),
            ','
        ) as warnings,
        match_tier,
        operation,
        hubspot_id,
        if(state = 'quarantined', candidates, null) as candidates,
        if(state = 'quarantined', candidate_evidence, null) as candidate_evidence,
        id_property,
        payload_hash,
        source_rows,
        case
            when state = 'update' then payload
            when state = 'create' and array_length(withheld_properties) = 0 then payload
            when state = 'create' then {{ without_properties('payload', 'withheld_properties') }}
        end as properties,
        -- Which properties an update sends, each after the reason.
        if(state = 'update', changes_sent, null) as changed_properties,
        kept_edits,
        still_refused,
        -- The HubSpot values that this decision rests on. The pusher reads them again right
        -- before it writes, and leaves a record alone that has changed meanwhile.
        if(
            state in ('create', 'update'),
            {{ properties_as_json('guard_properties', 'hubspot_properties') | indent(12) }},
            null
        ) as guard,
        -- How many values the write would empty in HubSpot, for the mass-change stop.
        if(
            state = 'update',
            array_length(regexp_extract_all(sent_entries, r':""')),
            0
        ) as cleared_values,
        values_to_confirm,
        -- AMD has moved to what HubSpot holds: as good as written.
        state = 'unchanged'
        and is_open
        and (
            not is_mapped_here
            or coalesce(sent_hash != payload_hash, true)
            or confirmed_values is null
            or has_news
            or coalesce(known_edits, '') != coalesce(kept_edits, '')
        ) as is_confirmed_unsent,
        last_modified_at,
        catalogue_hash,
        is_recorded,
        state in ('create', 'update') as is_queued,
    from decided

)

select * from final
