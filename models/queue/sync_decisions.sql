{%- set if_blank = seed_rows('hubspot_properties', 'entity, property')
    | selectattr('write', 'equalto', 'if_blank') | list -%}
-- What becomes of every row, and why: its state, and the payload where it is due. The one place
-- that decides; sync_status, push_queue and the snapshot only select from it.

with outbox_records as (

    select * from {{ ref('outbox_records') }}

),

match_records as (

    select * from {{ ref('match_records') }}

),

id_map as (

    select * from {{ ref('int_id_map') }}

),

mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}
    where not coalesce(is_dead, false)

),

objects as (

    select * from {{ ref('catalogue_objects') }}

),

withheld_everywhere as (

    select * from {{ ref('int_portal_gaps') }}

),

catalogue_hashes as (

    select * from {{ ref('int_catalogue_hashes') }}

),

refusals as (

    select * from {{ ref('int_refusals') }}

),

joined as (

    select
        outbox_records.entity,
        objects.object_type,
        objects.id_property,
        outbox_records.natural_key,
        outbox_records.record_ref,
        outbox_records.source_rows,
        outbox_records.exclusion_reason,
        array_concat(outbox_records.warnings, match_records.match_warnings) as warnings,
        outbox_records.payload_entries,
        outbox_records.payload_hash as full_payload_hash,
        array_to_string(outbox_records.cleared_properties, '|') as cleared_names,
        match_records.match_tier,
        match_records.reason as quarantine_reason,
        match_records.is_protected,
        match_records.hubspot_id,
        array_concat(
            match_records.withheld_properties,
            coalesce(withheld_everywhere.missing_properties, [])
        ) as withheld_properties,
        match_records.guard_properties,
        match_records.candidates,
        id_map.payload_hash as sent_hash,
        id_map.refused_properties,
        coalesce(id_map.is_due_again, false) as is_due_again,
        coalesce(withheld_everywhere.changes, []) as changes,
        format_timestamp('%Y-%m-%dT%H:%M:%S', id_map.sent_at) as sent_at,
        id_map.natural_key is not null as is_recorded,
        coalesce(id_map.hubspot_id = match_records.hubspot_id, false) as is_mapped_here,
        -- Only a record that HubSpot changed after our last write can have drifted from it.
        coalesce(mirror.last_modified_at > id_map.hubspot_updated_at, false) as is_changed_since,
        coalesce(mirror.properties, '{}') as hubspot_properties,
        catalogue_hashes.catalogue_hash,
    from outbox_records
    inner join match_records
        on
            outbox_records.entity = match_records.entity
            and outbox_records.record_ref = match_records.record_ref
    inner join objects
        on outbox_records.entity = objects.entity
    inner join catalogue_hashes
        on outbox_records.entity = catalogue_hashes.entity
    left join withheld_everywhere
        on outbox_records.entity = withheld_everywhere.entity
    left join id_map
        on
            match_records.entity = id_map.entity
            and match_records.natural_key = id_map.natural_key
    left join mirror
        on
            match_records.entity = mirror.entity
            and match_records.hubspot_id = mirror.hubspot_id

),

-- What a conflict rule withholds is part of the hash, so that it is sent once the conflict ends.
hashed as (

    select
        *,
        if(
            array_length(withheld_properties) = 0,
            full_payload_hash,
            to_hex(sha256(concat(
                full_payload_hash, ' without ', array_to_string(withheld_properties, ',')
            )))
        ) as payload_hash,
        if(hubspot_id is null, 'upsert', 'update') as operation,
        -- Properties that HubSpot is the master of, once it has a value.
        array_concat(
            withheld_properties
            {%- for row in if_blank %},
            if(
                entity = '{{ row["entity"] }}'
                and {{ hubspot_value(row["property"], "hubspot_properties") }} is not null,
                ['{{ row["property"] }}'],
                []
            )
            {%- endfor %}
        ) as omitted_properties,
        array_concat(
            guard_properties
            {%- for row in if_blank %},
            if(
                entity = '{{ row["entity"] }}' and hubspot_id is not null,
                ['{{ row["property"] }}'],
                []
            )
            {%- endfor %}
        ) as guarded_properties,
    from joined

),

sent as (

    select
        *,
        is_mapped_here and coalesce(sent_hash = payload_hash, false) as is_sent,
        -- What was sent before a definition changed may have gone with it.
        array(
            select split(change, ' ')[safe_offset(1)]
            from unnest(changes) as change
            where change >= sent_at
        ) as changed_properties,
    from hashed

),

-- Only the few candidates are taken apart.
drift_candidates as (

    select
        *,
        is_sent
        and not is_due_again
        and not {{ was_emptied(
            'changed_properties', 'payload_entries', 'hubspot_properties'
        ) | indent(8) }} as is_in_step,
        is_sent and is_changed_since as is_drift_candidate,
    from sent

),

compared as (

    select
        * except (is_drift_candidate),
        {{ differing_properties(
            'if(is_drift_candidate, payload_entries, [])',
            "if(is_drift_candidate, hubspot_properties, '')",
            "if(is_drift_candidate, array_concat(omitted_properties, split(coalesce(refused_properties, ''))), [])"
        ) | indent(8) }} as drifted_properties,
    from drift_candidates

),

decided as (

    select
        compared.*,
        refusals.reason as refusal_reason,
        case
            when compared.exclusion_reason is not null then 'excluded'
            when compared.quarantine_reason is not null then 'quarantined'
            when compared.is_protected then 'protected'
            when refusals.reason is not null then 'failed'
            when
                compared.is_in_step
                and not regexp_contains(
                    concat(',', array_to_string(compared.drifted_properties, ','), ','),
                    replace(
                        ',(?:{{ var("repair_drift") | join("|") or "-" }}),',
                        'natural_id',
                        compared.id_property
                    )
                )
                then 'unchanged'
            when compared.operation = 'update' then 'update'
            else 'create'
        end as state,
    from compared
    left join refusals
        on
            compared.entity = refusals.entity
            and compared.natural_key = refusals.natural_key
            and compared.payload_hash = refusals.payload_hash
            and compared.operation = refusals.operation
            and coalesce(compared.hubspot_id, '') = refusals.hubspot_id

),

queued as (

    select
        *,
        state in ('create', 'update') as is_queued,
        concat('{', array_to_string(payload_entries, ','), '}') as payload,
    from decided

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
                if(
                    array_length(drifted_properties) = 0,
                    [],
                    [concat('drift:', array_to_string(drifted_properties, ',drift:'))]
                ),
                if(
                    is_sent and refused_properties is not null,
                    [concat('refused:', replace(refused_properties, ',', ',refused:'))],
                    []
                )
            ),
            ','
        ) as warnings,
        match_tier,
        operation,
        hubspot_id,
        if(state = 'quarantined', candidates, null) as candidates,
        id_property,
        payload_hash,
        source_rows,
        case
            when is_queued and array_length(omitted_properties) = 0 then payload
            when is_queued then {{ without_properties('payload', 'omitted_properties') }}
        end as properties,
        -- The HubSpot values that this decision rests on. The pusher reads them again right
        -- before it writes, and leaves a record alone that has changed meanwhile.
        if(
            is_queued,
            {{ properties_as_json('guarded_properties', 'hubspot_properties') | indent(12) }},
            null
        ) as guard,
        -- How many values the write would empty in HubSpot, for the mass-change stop.
        if(
            is_queued and operation = 'update' and cleared_names != '',
            array_length(regexp_extract_all(
                hubspot_properties, concat('"(?:', cleared_names, r')":"[^"]')
            )),
            0
        ) as cleared_values,
        catalogue_hash,
        is_recorded,
        is_queued,
    from queued

)

select * from final
