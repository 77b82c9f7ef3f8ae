{#- How a control table is partitioned and clustered, for a statement that replaces it. -#}
{% macro control_table_design(name) -%}
    {{ control_tables()[name]['design'] }}
{%- endmacro %}
