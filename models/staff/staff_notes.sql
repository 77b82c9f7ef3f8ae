-- What contacts and ROIs tell staff: a row for each record of an entity that writes to another's
-- records, in the shape of sync_decisions, and sent where HubSpot holds something else. They follow
-- from the newest snapshot: no source row is behind one, none is ever created, none stops a run.
with reviews as (

    select * from {{ ref('match_reviews') }}

),

marks as (

    select * from {{ ref('sync_marks') }}

),

entities as (

    select * from {{ ref('catalogue_entities') }}

),

catalogue_hashes as (

    select * from {{ ref('int_catalogue_hashes') }}

),

portal_gaps as (

    select * from {{ ref('int_portal_gaps') }}

),

id_map as (

    select * from {{ ref('int_id_map') }}

),

refusals as (

    select * from {{ ref('int_refusals') }}

),

salts as (

    select min(salt) as salt
    from {{ source('control', 'reverse_etl_salt') }}

),

wanted as (

    select
        'match_reviews' as entity,
        hubspot_id,
        last_modified_at,
        properties,
        guard,
    from reviews
    union all
    select
        entity,
        hubspot_id,
        last_modified_at,
        properties,
        cast(null as string) as guard,
    from marks

),

joined as (

    select
        wanted.*,
        entities.record_entity,
        entities.object_type,
        entities.id_property,
        catalogue_hashes.catalogue_hash,
        {{ record_ref('salts.salt', 'wanted.entity', 'wanted.hubspot_id') }} as record_ref,
        to_hex(sha256(wanted.properties)) as payload_hash,
        id_map.natural_key is not null as is_recorded,
        -- The mirror may lag behind a write of ours.
        coalesce(wanted.last_modified_at < id_map.hubspot_updated_at, false) as is_not_read_back,
    from wanted
    inner join entities
        on wanted.entity = entities.entity
    inner join catalogue_hashes
        on wanted.entity = catalogue_hashes.entity
    cross join salts
    left join portal_gaps
        on entities.record_entity = portal_gaps.entity
    left join id_map
        on
            wanted.entity = id_map.entity
            and wanted.hubspot_id = id_map.natural_key
    where
        strpos(
            concat(',', coalesce(portal_gaps.silent_entities, ''), ','),
            concat(',', wanted.entity, ',')
        ) = 0

),

decided as (

    select
        joined.*,
        refusals.reason as refusal_reason,
        case
            when joined.properties is null or joined.is_not_read_back then 'unchanged'
            when refusals.reason is not null then 'failed'
            else 'update'
        end as state,
    from joined
    left join refusals
        on
            joined.entity = refusals.entity
            and joined.hubspot_id = refusals.natural_key
            and joined.payload_hash = refusals.payload_hash
            and refusals.operation = 'update'
            and joined.hubspot_id = refusals.hubspot_id

),

final as (

    select
        entity,
        record_entity,
        object_type,
        hubspot_id as natural_key,
        record_ref,
        state,
        if(state = 'failed', refusal_reason, null) as reason,
        '' as warnings,
        0 as match_tier,
        'update' as operation,
        hubspot_id,
        cast(null as string) as candidates,
        id_property,
        payload_hash,
        0 as source_rows,
        if(state = 'update', properties, null) as properties,
        if(
            state = 'update',
            array_to_string(array(
                select concat('tells:', name)
                from unnest(regexp_extract_all(properties, r'[{,]"([a-z_]+)":"')) as name
            ), ','),
            null
        ) as changed_properties,
        cast(null as string) as kept_edits,
        if(state = 'update', guard, null) as guard,
        if(
            state = 'update', array_length(regexp_extract_all(properties, r':""')), 0
        ) as cleared_values,
        false as is_confirmed_unsent,
        last_modified_at,
        catalogue_hash,
        is_recorded,
        state = 'update' as is_queued,
    from decided

)

select * from final
