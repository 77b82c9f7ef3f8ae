{#- What HubSpot holds otherwise than it should: a JSON object of the properties that differ, null for
    none. `wanted`: property → SQL expression; the column of that name is what HubSpot holds. -#}
{% macro news(wanted) -%}
nullif(concat('{', array_to_string([
            {%- for property, value in wanted.items() %}
            if({{ value }} != {{ property }}, concat('"{{ property }}":', to_json_string({{ value }})), null)
            {{- ',' if not loop.last }}
            {%- endfor %}
        ], ','), '}'), '{}')
{%- endmacro %}
