{#- The rows of a seed, as dictionaries, for a macro that renders them into SQL. Empty before the
    seed has been loaded, so that the project can be compiled on an empty warehouse. `ref` is called
    for the sake of the order of nodes alone: unit tests replace what it answers. -#}
{% macro seed_rows(seed, order_by) %}
    {%- set rows = [] -%}
    {%- if not execute -%}
        {%- do ref(seed) -%}
        {{ return(rows) }}
    {%- endif -%}
    {%- set relation = adapter.get_relation(target.database, target.schema, seed) -%}
    {%- if relation is not none -%}
        {%- set table = run_query('select * from ' ~ relation ~ ' order by ' ~ order_by) -%}
        {%- for row in table.rows -%}
            {%- do rows.append(dict(row.items())) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{% endmacro %}
