{#- A column of any type as one canonical text: dates and times in ISO form (instants in UTC, with
    Z), numbers without trailing zeros, flags as true and false, text trimmed; null for blank. -#}
{% macro as_text(column) -%}
    {%- set type = column_type(column) -%}
    {%- set name = '`' ~ column.name ~ '`' -%}
    {%- if type == 'STRING' -%}
        {{ clean_text(name) }}
    {%- elif type in ('INT64', 'BOOL', 'DATE') -%}
        cast({{ name }} as string)
    {%- elif type in ('NUMERIC', 'BIGNUMERIC') -%}
        {{ without_trailing_zeros('cast(' ~ name ~ ' as string)') }}
    {%- elif type == 'FLOAT64' -%}
        if(
            abs({{ name }}) < 1e15 and {{ name }} = trunc({{ name }}),
            cast(safe_cast({{ name }} as int64) as string),
            nullif(lower(cast({{ name }} as string)), 'nan')
        )
    {%- elif type == 'DATETIME' -%}
        replace(cast({{ name }} as string), ' ', 'T')
    {%- elif type == 'TIMESTAMP' -%}
        concat(replace(cast(datetime({{ name }}, 'UTC') as string), ' ', 'T'), 'Z')
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            'Column ' ~ column.name ~ ' is a ' ~ type ~ ', which cannot be read as one value. '
            ~ 'Let the source table or a view over it hold a plain type.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- The type of a column in today's names; REPEATED for an array of anything. -#}
{% macro column_type(column) %}
    {%- set type = column.dtype | upper -%}
    {%- set type = type.split('(')[0] -%}
    {%- if column.mode == 'REPEATED' -%}{{ return('REPEATED ' ~ type) }}{%- endif -%}
    {{ return({
        'INTEGER': 'INT64', 'FLOAT': 'FLOAT64', 'BOOLEAN': 'BOOL',
        'DECIMAL': 'NUMERIC', 'BIGDECIMAL': 'BIGNUMERIC',
    }.get(type, type)) }}
{% endmacro %}

{#- 1.50 as 1.5 and 2.00 as 2; other text as it is. -#}
{% macro without_trailing_zeros(number) -%}
    regexp_replace(regexp_replace({{ number }}, r'(\.\d*?)0+$', r'\1'), r'\.$', '')
{%- endmacro %}
