{#- Whether a captured row's column was of a numeric type in the source. -#}
{% macro is_number_column(source_column) -%}
    coalesce(regexp_contains(
                source_columns, r'(?:^|,){{ source_column }}:(?:INT64|NUMERIC|BIGNUMERIC|FLOAT64)(?:,|$)'
            ), false)
{%- endmacro %}
