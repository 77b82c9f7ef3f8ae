{{ config(meta={'arguments': ['in_refresh_id string', 'in_entity string', 'in_watermark timestamp']}) }}
{%- set mirror = source('hubspot', 'hubspot_mirror') %}
{%- set stage = source('hubspot', 'hubspot_mirror_stage') %}
-- One statement replaces what the mirror holds of the entity: a reader sees all of the old or
-- all of the new. What the listing no longer has is dead, and keeps its ids only.
merge into {{ mirror }} as mirror
using (
    select
        entity,
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
) as staged
    on mirror.entity = staged.entity and mirror.hubspot_id = staged.hubspot_id
when matched then update set
    properties = staged.properties,
    merged_ids = coalesce(staged.merged_ids, mirror.merged_ids),
    last_modified_at = staged.last_modified_at,
    is_dead = false,
    refreshed_at = current_timestamp()
when not matched by target then insert (
    entity, hubspot_id, properties, merged_ids, last_modified_at, is_dead, refreshed_at
) values (
    staged.entity,
    staged.hubspot_id,
    staged.properties,
    staged.merged_ids,
    staged.last_modified_at,
    false,
    current_timestamp()
)
when not matched by source and mirror.entity = in_entity then update set
    properties = null,
    is_dead = true,
    refreshed_at = current_timestamp();

{{ bury_merged_records('in_entity') }}

{{ note_mirror_refresh('in_entity', 'in_watermark', is_full=true) }}

delete from {{ stage }}
where refresh_id = in_refresh_id;
