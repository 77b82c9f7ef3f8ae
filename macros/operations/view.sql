{#-
    dbt's own view, made only where BigQuery does not hold this very text already: a night on which
    nobody has edited the project makes none, and saves a job for each. The text is BigQuery's own
    account of the view, so one that was replaced by hand, or by another version, is made again;
    `--full-refresh` makes all.
-#}
{% materialization view, adapter='bigquery' -%}
    {%- set table = none if should_full_refresh() else adapter.get_bq_table(this) -%}
    {%- set known = (table.view_query or '') if table is not none else '' -%}
    {%- if known | trim == sql | trim -%}
        {%- call noop_statement('main', 'unchanged') -%}{{ sql }}{%- endcall -%}
        {{ return({'relations': [this.incorporate(type='view')]}) }}
    {%- endif -%}
    {{ return(bigquery__create_or_replace_view()) }}
{%- endmaterialization %}
