{#- A date, or an instant, as long as it lies in the window of its column (seed date_columns); else null:
    it stands for none, or was read wrongly, and is nothing to match on or to send. -#}
{% macro plausible(value, entity, source_column, type='date') -%}
    {%- set row = date_column(entity, source_column) -%}
    {%- set today = build_date() -%}
    {%- set day = value if type == 'date' else 'date(' ~ value ~ ", 'America/New_York')" -%}
    if(
            {{ day }} between
            {% if row['years_back'] is not none -%}
            date_sub({{ today }}, interval {{ row['years_back'] }} year)
            {%- else -%}
            date '{{ row["earliest"] }}'
            {%- endif %}
            and date_add({{ today }}, interval {{ row['years_ahead'] }} year),
            {{ value }},
            null
        )
{%- endmacro %}
