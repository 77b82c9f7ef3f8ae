{#- Text of a date column in the spelling of iso_time. Digits alone are milliseconds since 1970 only where
    the column is known to hold those: by its row of the seed date_columns, or because its type is a
    number. Of a number that could be seconds, or a day and a time without separators, nothing is known:
    it is '', which no reader takes. -#}
{% macro source_time(text, entity, source_column) -%}
    {%- set is_declared = date_column(entity, source_column)['holds'] == 'milliseconds' -%}
    case
            {%- if is_declared %}
            when regexp_contains({{ text }}, r'^-?\d{1,14}$')
                then {{ iso_time_of_millis(text) }}
            {%- else %}
            when not {{ is_number_column(source_column) }} or length({{ text }}) in (8, 14)
                then {{ iso_time(text) }}
            when regexp_contains({{ text }}, r'^[12]\d{3}(?:0\d|1[0-2])[0-3]\d[0-2]\d[0-5]\d$|^-?\d{1,10}$')
                then ''
            when regexp_contains({{ text }}, r'^-?\d{11,13}$')
                then {{ iso_time_of_millis(text) }}
            {%- endif %}
            else {{ iso_time(text) }}
        end
{%- endmacro %}

{% macro iso_time_of_millis(text) -%}
    concat(
                    replace(cast(
                        datetime(timestamp_millis(safe_cast({{ text }} as int64)), 'UTC') as string
                    ), 'T', ' '),
                    '+00:00'
                )
{%- endmacro %}
