{#- Names of the source columns whose text was there but could not be read as what it should be, as a
    list that begins and ends with a comma. `readings` is source column → [text, typed column]. -#}
{% macro unreadable_columns(readings) -%}
    concat(',', coalesce(array_to_string([
            {%- for name, pair in readings.items() %}
            if({{ pair[0] }} is not null and {{ pair[1] }} is null, '{{ name }}', null){{ ',' if not loop.last }}
            {%- endfor %}
        ], ','), ''), ',')
{%- endmacro %}
