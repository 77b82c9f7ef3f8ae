{#- True where the payload has a value for one of these properties, and HubSpot's record has none. -#}
{% macro was_emptied(properties, payload_entries, hubspot_properties) -%}
exists(
    select 1
    from unnest({{ properties }}) as property
    where
        regexp_contains(
            array_to_string({{ payload_entries }}, ','), concat('"', property, '":"[^"]')
        )
        and not regexp_contains({{ hubspot_properties }}, concat('"', property, '":"[^"]'))
)
{%- endmacro %}
