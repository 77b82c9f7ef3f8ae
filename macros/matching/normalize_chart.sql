{#- A chart number for comparison, with its zeros, whichever side dropped them; zeros alone are none. -#}
{% macro normalize_chart(chart) -%}
    regexp_extract({{ normalize_name(chart_from_number(normalize_key(chart))) }}, r'^.*[^0].*$')
{%- endmacro %}
