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
        select merged_id
        from {{ source('hubspot', 'hubspot_merges') }}
        where entity = {{ entity }}
    );
{%- endmacro %}
