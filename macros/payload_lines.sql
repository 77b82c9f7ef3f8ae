{#- The payload of a record as text, a line `"property":"value"` for each property of the catalogue
    that is sent (JSON text holds no line end of its own). A blank is left out, or clears where the
    catalogue says so and the source said blank (skipped_columns: the columns that said nothing). -#}
{% macro payload_lines(entity, mapping, protected_setting=none) -%}
    {%- set columns = adapter.get_columns_in_relation(mapping) if execute else [] -%}
    coalesce(array_to_string([
            {%- for row in catalogue_rows(entity, protected_setting) %}
            {%- set column = row['property'] %}
            {%- set types = columns | selectattr('name', 'equalto', column) | list %}
            {%- set value = rendered_value(column, column_type(types[0]) if types else none, row) %}
            case when {{ column }} is not null then concat('"{{ row["name"] }}":', {{ value }})
            {%- if row['on_blank'] == 'clear' %}
                when {{ was_blank(row) }} then '"{{ row["name"] }}":""'
            {%- endif %} end{{ ',' if not loop.last }}
            {%- else %}
            cast(null as string)
            {%- endfor %}
        ], '\n'), '')
{%- endmacro %}

{#- A mapped value as JSON text, by the catalogue's type and format; null stays null. `type` is the
    column's own type, or none where the mapping is not built yet. -#}
{% macro rendered_value(column, type, row) -%}
    {%- if row['type'] == 'date' -%}
        {%- set day = calendar_date(column) if type == 'TIMESTAMP'
            else 'date(' ~ column ~ ')' if type == 'DATETIME' else column -%}
        {%- if row['format'] == 'epoch_ms' -%}
            {#- HubSpot takes milliseconds for a date only at midnight UTC. -#}
            concat('"', cast(unix_date({{ day }}) * 86400000 as string), '"')
        {%- else -%}
            concat('"', cast({{ day }} as string), '"')
        {%- endif -%}
    {%- elif row['type'] == 'datetime' -%}
        {%- set instant = "timestamp(" ~ column ~ ", 'America/New_York')" if type == 'DATE'
            else new_york_instant(column) if type == 'DATETIME' else column -%}
        {%- if row['format'] == 'epoch_ms' -%}
            concat('"', cast(unix_millis({{ instant }}) as string), '"')
        {%- else -%}
            concat('"', format_timestamp('%Y-%m-%dT%H:%M:%SZ', {{ instant }}), '"')
        {%- endif -%}
    {%- elif row['format'] == 'e164' -%}
        {#- What cannot be one is sent as it is: HubSpot's answer is told, a gap would not be. -#}
        to_json_string(coalesce({{ e164(column) }}, {{ column }}))
    {%- elif type == 'STRING' or row['type'] == 'enumeration' or (type is none and row['type'] not in ('number', 'bool')) -%}
        to_json_string({{ column }})
    {%- elif type in ('NUMERIC', 'BIGNUMERIC', 'FLOAT64')
        or (type is none and row['type'] == 'number') -%}
        concat('"', {{ without_trailing_zeros('cast(' ~ column ~ ' as string)') }}, '"')
    {%- else -%}
        concat('"', cast({{ column }} as string), '"')
    {%- endif -%}
{%- endmacro %}

{#- True where the source had the column and said nothing in it. -#}
{% macro was_blank(row) -%}
    skipped_columns not like '%,{{ row["source_column"] or row["property"] }},%'
{%- endmacro %}
