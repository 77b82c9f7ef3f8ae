{#- How a date column of the source is to be read (seed date_columns); a column that it does not list is
    taken for one of today's business: 1990 to ten years ahead. -#}
{% macro date_column(entity, source_column) %}
    {%- for row in seed_rows('date_columns', 'entity, source_column') -%}
        {%- if row['entity'] == entity and row['source_column'] == source_column -%}
            {{ return(row) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return({'earliest': '1990-01-01', 'years_back': none, 'years_ahead': 10, 'holds': none}) }}
{% endmacro %}
