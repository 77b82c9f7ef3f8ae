{% macro both_known_and_differ(one, other) -%}
    coalesce({{ one }} != {{ other }}, false)
{%- endmacro %}
