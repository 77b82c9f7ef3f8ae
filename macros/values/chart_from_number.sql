{#- A chart number that is digits alone with the zeros that a numeric column dropped, where its width is
    known (var chart_width); anything else stays. -#}
{% macro chart_from_number(chart) -%}
    {%- set width = var('chart_width') | int -%}
    {%- if width > 0 -%}
        if(
            regexp_contains({{ chart }}, r'^\d{1,{{ width }}}$'),
            lpad({{ chart }}, {{ width }}, '0'),
            {{ chart }}
        )
    {%- else -%}
        {{ chart }}
    {%- endif -%}
{%- endmacro %}
