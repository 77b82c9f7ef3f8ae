{{ config(meta={'arguments': ['in_refresh_id string', 'in_entity string', 'in_watermark timestamp']}) }}
{%- set mirror = source('hubspot', 'hubspot_mirror') %}
{%- set stage = source('hubspot', 'hubspot_mirror_stage') %}
-- One statement replaces what the mirror holds of the entity: a reader sees all of the old or
-- all of the new. What the listing no longer has is dead, and keeps its ids only. Called again
-- once the stage is cleared, it does nothing.
merge into {{ mirror }} as mirror
using (
    with listed as (
        select
            hubspot_id,
            properties,
            {{ hubspot_value('hs_merged_object_ids') }} as merged_ids,
            last_modified_at
        from {{ stage }}
        where refresh_id = in_refresh_id and entity = in_entity and not coalesce(is_dead, false)
        qualify
            row_number() over (
                partition by hubspot_id
                order by last_modified_at desc, loaded_at desc, properties
            ) = 1
    ),

    known as (
        select hubspot_id
        from {{ mirror }}
        where entity = in_entity
    )

    select
        coalesce(listed.hubspot_id, known.hubspot_id) as hubspot_id,
        listed.properties,
        listed.merged_ids,
        listed.last_modified_at,
        listed.hubspot_id is null as is_gone
    from listed
    full outer join known
        on listed.hubspot_id = known.hubspot_id
    where in_refresh_id in (select refresh_id from {{ stage }})
) as replacement
    on mirror.entity = in_entity and mirror.hubspot_id = replacement.hubspot_id
when matched then update set
    properties = replacement.properties,
    merged_ids = coalesce(replacement.merged_ids, mirror.merged_ids),
    last_modified_at = coalesce(replacement.last_modified_at, mirror.last_modified_at),
    is_dead = replacement.is_gone,
    refreshed_at = current_timestamp()
when not matched by target then insert (
    entity, hubspot_id, properties, merged_ids, last_modified_at, is_dead, refreshed_at
) values (
    in_entity,
    replacement.hubspot_id,
    replacement.properties,
    replacement.merged_ids,
    replacement.last_modified_at,
    false,
    current_timestamp()
);

{{ note_merges('in_entity') }}

{{ bury_merged_records('in_entity') }}

{{ note_mirror_refresh('in_entity', 'in_watermark', is_full=true) }}

delete from {{ stage }}
where refresh_id = in_refresh_id;
