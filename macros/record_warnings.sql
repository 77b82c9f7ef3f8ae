{#- What a record's own row has to say, by source column and never with a value: columns that the
    source should have and lacks, columns whose text could not be read, and what stands for none. -#}
{% macro record_warnings() -%}
    array_concat(
        regexp_extract_all(regexp_replace(missing_columns, r'([^,]+)', r'absent:\1'), r'[^,]+'),
        regexp_extract_all(regexp_replace(unreadable_columns, r'([^,]+)', r'unreadable:\1'), r'[^,]+'),
        regexp_extract_all(coalesce(unknown_columns, ''), r'[^,]+')
    )
{%- endmacro %}

{#- The source columns that said nothing that counts: a blank of theirs clears no value in HubSpot. -#}
{% macro skipped_columns() -%}
    concat(absent_columns, unreadable_columns, regexp_replace(coalesce(unknown_columns, ''), r'[a-z_]+:', ''))
{%- endmacro %}
