{#- Follows the merges that the mirror shows once a refresh, so that the views, which ask for them at
    every turn, need not. HubSpot never undoes one. -#}
{% macro note_merges(entity) -%}
merge into {{ source('hubspot', 'hubspot_merges') }} as merges
using (
    select merged_id, survivor_id
    from {{ ref('int_merged_records') }}
    where entity = {{ entity }}
) as seen
    on merges.entity = {{ entity }} and merges.merged_id = seen.merged_id
when matched and merges.survivor_id != seen.survivor_id then update set
    survivor_id = seen.survivor_id
when not matched then insert (entity, merged_id, survivor_id) values (
    {{ entity }},
    seen.merged_id,
    seen.survivor_id
);
{%- endmacro %}
