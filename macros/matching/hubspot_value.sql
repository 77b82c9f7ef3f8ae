{#- The value of a HubSpot property in a mirror row, trimmed; null where HubSpot has none. -#}
{% macro hubspot_value(property, properties='properties') -%}
    nullif(trim(json_value({{ properties }}, '$.{{ property }}')), '')
{%- endmacro %}
