-- All that the decision on an outbox row rests on: what the outbox, the match, the id map, the mirror
-- and the dead letters say of it.
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

rules as (

    select * from {{ ref('int_entity_rules') }}

),

portal_gaps as (

    select * from {{ ref('int_portal_gaps') }}

),

refusals as (

    select * from {{ ref('int_refusals') }}

),

salts as (

    select min(salt) as salt
    from {{ source('control', 'reverse_etl_salt') }}

),

joined as (

    select
        outbox_records.* except (warnings, payload_hash),
        array_concat(outbox_records.warnings, match_records.match_warnings) as warnings,
        outbox_records.payload_hash as full_payload_hash,
        rules.* except (entity),
        salts.salt,

        match_records.match_tier,
        match_records.reason as quarantine_reason,
        match_records.is_protected,
        match_records.hubspot_id,
        match_records.candidates,
        match_records.candidate_evidence,
        array_concat(
            match_records.withheld_properties, coalesce(portal_gaps.missing_properties, [])
        ) as withheld_properties,
        -- What HubSpot is the master of, once it has a value, may have got one.
        array_concat(
            match_records.guard_properties,
            if(
                match_records.hubspot_id is not null and rules.if_blank != '||',
                split(trim(rules.if_blank, '|'), '|'),
                []
            )
        ) as guard_properties,
        coalesce(portal_gaps.changes, []) as changes,

        id_map.natural_key is not null as is_recorded,
        coalesce(id_map.hubspot_id = match_records.hubspot_id, false) as is_mapped_here,
        id_map.payload_hash as sent_hash,
        id_map.confirmed_values,
        id_map.kept_edits as known_edits,
        id_map.refused_properties,
        coalesce(id_map.is_due_again, false) as is_due_again,
        format_timestamp('%Y-%m-%dT%H:%M:%S', id_map.sent_at) as sent_at,

        coalesce(mirror.properties, '{}') as hubspot_properties,
        mirror.last_modified_at,
        coalesce(mirror.last_modified_at > id_map.hubspot_updated_at, false) as is_changed_since,
        -- The mirror may lag behind a write of ours.
        coalesce(mirror.last_modified_at < id_map.hubspot_updated_at, false) as is_not_read_back,
    from outbox_records
    inner join match_records
        on
            outbox_records.entity = match_records.entity
            and outbox_records.record_ref = match_records.record_ref
    inner join rules
        on outbox_records.entity = rules.entity
    cross join salts
    left join portal_gaps
        on outbox_records.entity = portal_gaps.entity
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
        * except (full_payload_hash),
        if(
            array_length(withheld_properties) = 0,
            full_payload_hash,
            to_hex(sha256(concat(
                full_payload_hash, ' without ', array_to_string(withheld_properties, ',')
            )))
        ) as payload_hash,
        if(hubspot_id is null, 'upsert', 'update') as operation,
        -- What was sent before a definition changed may have gone with it.
        array(
            select split(change, ' ')[safe_offset(1)]
            from unnest(changes) as change
            where change >= sent_at
        ) as redefined_properties,
    from joined

),

final as (

    select
        hashed.*,
        refusals.reason as refusal_reason,
        -- Whether its properties have to be looked at one by one; few rows' have.
        hashed.exclusion_reason is null
        and hashed.quarantine_reason is null
        and not hashed.is_protected
        and refusals.reason is null
        and (
            not hashed.is_mapped_here
            or hashed.confirmed_values is null
            or coalesce(hashed.sent_hash != hashed.payload_hash, true)
            or hashed.is_changed_since
            or hashed.known_edits is not null
            or hashed.refused_properties is not null
            or {{ was_emptied(
                'hashed.redefined_properties', 'hashed.payload_entries', 'hashed.hubspot_properties'
            ) | indent(12) }}
        ) as is_open,
    from hashed
    left join refusals
        on
            hashed.entity = refusals.entity
            and hashed.natural_key = refusals.natural_key
            and hashed.payload_hash = refusals.payload_hash
            and hashed.operation = refusals.operation
            and coalesce(hashed.hubspot_id, '') = refusals.hubspot_id

)

select * from final
