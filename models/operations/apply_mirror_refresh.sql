{{ config(meta={'arguments': [
    'in_refresh_id string', 'in_entity string', 'in_watermark timestamp', 'in_mode string'
]}) }}
{%- set mirror = source('hubspot', 'hubspot_mirror') %}
{%- set stage = source('hubspot', 'hubspot_mirror_stage') %}
-- One statement takes over what a refresh has staged, all of the entity (in_mode 'full') or what
-- changed ('delta'): a reader sees the old or the new. Rows that HubSpot says are gone keep their
-- ids only, and only where we knew them; what the stage lacks stays. Called again once the stage is cleared, it does nothing.
merge into {{ mirror }} as mirror
using (
    select
        entity,
        hubspot_id,
        if(is_dead, null, properties) as properties,
        if(is_dead, null, {{ hubspot_value('hs_merged_object_ids') }}) as merged_ids,
        last_modified_at,
        coalesce(is_dead, false) as is_dead
    from {{ stage }}
    where refresh_id = in_refresh_id and entity = in_entity
    qualify
        row_number() over (
            partition by hubspot_id
            order by loaded_at desc, last_modified_at desc, properties
        ) = 1
) as staged
    on mirror.entity = staged.entity and mirror.hubspot_id = staged.hubspot_id
when matched then update set
    properties = staged.properties,
    merged_ids = coalesce(staged.merged_ids, mirror.merged_ids),
    last_modified_at = coalesce(staged.last_modified_at, mirror.last_modified_at),
    is_dead = staged.is_dead,
    refreshed_at = current_timestamp()
when not matched and not staged.is_dead then insert (
    entity, hubspot_id, properties, merged_ids, last_modified_at, is_dead, refreshed_at
) values (
    staged.entity,
    staged.hubspot_id,
    staged.properties,
    staged.merged_ids,
    staged.last_modified_at,
    staged.is_dead,
    current_timestamp()
);

{{ note_merges('in_entity') }}

{{ bury_merged_records('in_entity') }}

{{ note_staff_answers('in_entity') }}

{{ note_mirror_refresh('in_entity', 'in_watermark', 'in_mode') }}

delete from {{ stage }}
where refresh_id = in_refresh_id;
