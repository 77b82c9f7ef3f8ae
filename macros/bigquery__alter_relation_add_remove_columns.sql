{#- dbt changes columns through the tables API, in one call. The embedded BigQuery notes such a call
    and leaves the stored table as it was, so there each new column is a statement as well. -#}
{% macro bigquery__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
    {%- if env_var('BIGQUERY_EMULATOR_HOST', '') -%}
        {%- for column in add_columns or [] -%}
            {%- do run_query(
                'alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ column.data_type
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do adapter.alter_table_add_remove_columns(relation, add_columns, remove_columns) -%}
{% endmacro %}
