{#- The rows of a seed, as dictionaries, for a macro that renders them into SQL. Empty before the
    seed has been loaded, so that the project can be compiled on an empty warehouse. `ref` is called
    for the sake of the order of nodes alone: unit tests replace what it answers. Models come after
    the seeds that they name, so that one look-up serves all of them. -#}
{% macro seed_rows(seed, order_by) %}
    {%- set rows = [] -%}
    {%- if not execute -%}
        {%- do ref(seed) -%}
        {{ return(rows) }}
    {%- endif -%}
    {%- set look_ups = graph.setdefault('look_ups', {}) if model.resource_type == 'model' else {} -%}
    {%- set look_up = seed ~ ' by ' ~ order_by -%}
    {%- if look_up in look_ups -%}
        {{ return(look_ups[look_up]) }}
    {%- endif -%}
    {%- set relation = adapter.get_relation(target.database, target.schema, seed) -%}
    {%- if relation is not none -%}
        {%- set table = run_query('select * from ' ~ relation ~ ' order by ' ~ order_by) -%}
        {%- for row in table.rows -%}
            {%- do rows.append(dict(row.items())) -%}
        {%- endfor -%}
        {%- do look_ups.update({look_up: rows}) -%}
    {%- endif -%}
    {{ return(rows) }}
{% endmacro %}
