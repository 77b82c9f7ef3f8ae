{% macro both_known_and_equal(one, other) -%}
    coalesce({{ one }} = {{ other }}, false)
{%- endmacro %}
