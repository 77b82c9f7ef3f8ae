{#- The rows of a seed, as dictionaries, for a macro that renders them into SQL. Empty before the
    seed has been loaded, so that a project can be compiled on an empty warehouse. -#}
{% macro seed_rows(seed, order_by) %}
    {%- set relation = ref(seed) -%}
    {%- set rows = [] -%}
    {%- if execute and load_relation(relation) is not none -%}
        {%- set table = run_query('select * from ' ~ relation ~ ' order by ' ~ order_by) -%}
        {%- for row in table.rows -%}
            {%- do rows.append(dict(row.items())) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{% endmacro %}
