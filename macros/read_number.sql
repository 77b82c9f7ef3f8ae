{#- Text as a number: plain decimal, thousands separated by commas or not; null for everything else.
    The pattern is strict because casts are not equally strict everywhere. -#}
{% macro read_number(text) -%}
    safe_cast(
        regexp_replace(
            regexp_extract(
                {{ text }}, r'^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?$|^[+-]?\.\d+$'
            ),
            r'[,+]', ''
        )
        as numeric
    )
{%- endmacro %}
