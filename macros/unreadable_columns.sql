{#- Names of the source columns whose text was there but could not be read as what it should be.
    `readings` is source column → [text column, typed column]. -#}
{% macro unreadable_columns(readings) -%}
    array(
        select column_name
        from unnest([
            {%- for name, pair in readings.items() %}
            if({{ pair[0] }} is not null and {{ pair[1] }} is null, '{{ name }}', null){{ ',' if not loop.last }}
            {%- endfor %}
        ]) as column_name
        where column_name is not null
    )
{%- endmacro %}
