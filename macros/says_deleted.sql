{#- Whether a column marks its row as deleted: a flag, a number that is not 0, a word, or a time that
    has come. A database's zero and a far end of time are no times of a deletion. -#}
{% macro says_deleted(column) -%}
    {%- set type = column_type(column) -%}
    {%- set name = '`' ~ column.name ~ '`' -%}
    {%- if type == 'BOOL' -%}
        coalesce({{ name }}, false)
    {%- elif type in ('INT64', 'NUMERIC', 'BIGNUMERIC') -%}
        coalesce({{ name }} != 0, false)
    {%- elif type == 'FLOAT64' -%}
        {#- Not a number is no flag. -#}
        coalesce(abs({{ name }}) > 0, false)
    {%- elif type == 'STRING' -%}
        coalesce(
            lower({{ trim_text(name) }}) in (
                'true', 't', 'yes', 'y', '1', '1.0', '-1', 'd', 'del', 'delete', 'deleted', 'removed'
            ),
            false
        )
        or {{ is_past(deleted_since(column)) }}
    {%- else -%}
        {{ is_past(deleted_since(column)) }}
    {%- endif -%}
{%- endmacro %}

{#- The instant that a deletion column names; null where it holds a mere flag. -#}
{% macro deleted_since(column) -%}
    {%- if column_type(column) == 'DATE' -%}
        timestamp(`{{ column.name }}`, 'America/New_York')
    {%- elif column_type(column) in ('TIMESTAMP', 'DATETIME', 'STRING') -%}
        {{ as_instant(column) }}
    {%- else -%}
        cast(null as timestamp)
    {%- endif -%}
{%- endmacro %}

{#- When a row was deleted, by the first of the columns that names a time that has come. -#}
{% macro deletion_time(columns) -%}
    coalesce(
            {%- for column in columns %}
            if({{ is_past(deleted_since(column)) }}, {{ deleted_since(column) }}, null),
            {%- endfor %}
            cast(null as timestamp)
        )
{%- endmacro %}

{% macro is_past(instant) -%}
    coalesce(
            {{ instant }} >= timestamp '1990-01-01 00:00:00+00'
            and {{ instant }} <= timestamp_add(current_timestamp(), interval 1 day),
            false
        )
{%- endmacro %}
