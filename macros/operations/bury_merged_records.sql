{#- A record that was merged into a live one is gone, although no delta ever reports it. -#}
{% macro bury_merged_records(entity) -%}
update {{ source('hubspot', 'hubspot_mirror') }}
set
    properties = null,
    is_dead = true,
    refreshed_at = current_timestamp()
where
    entity = {{ entity }}
    and not coalesce(is_dead, false)
    and hubspot_id in (
        select trim(merged_id)
        from {{ source('hubspot', 'hubspot_mirror') }} as survivors
        cross join unnest(split(survivors.merged_ids, ';')) as merged_id
        where survivors.entity = {{ entity }} and trim(merged_id) != survivors.hubspot_id
    );
{%- endmacro %}
