{#- What a record's own row has to say, by source column and never with a value: columns that the
    source should have and lacks, and columns whose text could not be read. -#}
{% macro record_warnings() -%}
    array_concat(
        regexp_extract_all(regexp_replace(missing_columns, r'([^,]+)', r'absent:\1'), r'[^,]+'),
        regexp_extract_all(regexp_replace(unreadable_columns, r'([^,]+)', r'unreadable:\1'), r'[^,]+')
    )
{%- endmacro %}
