{#- What a setting is where the environment is silent. Table names follow project and dataset. -#}
{% macro setting_default(name) %}
    {%- set defaults = var('settings') -%}
    {%- if name not in defaults -%}
        {{ exceptions.raise_compiler_error(
            'Unknown setting ' ~ name ~ '. Settings stand under vars: settings: in dbt_project.yml.'
        ) }}
    {%- endif -%}
    {%- set table_paths = {
        'BIGQUERY_PATIENT_TABLE': 'amd.PatientsWithStatistics',
        'BIGQUERY_ROI_TABLE': 'amd.ROIs',
        'RUN_LEDGER_TABLE': '{dataset}.reverse_etl_run_ledger',
        'DLQ_TABLE': '{dataset}.reverse_etl_dlq',
        'ID_MAP_TABLE': '{dataset}.hubspot_id_map',
    } -%}
    {%- if name in table_paths and defaults[name] == '' -%}
        {{ return(
            setting('GCP_PROJECT_ID') ~ '.'
            ~ table_paths[name].replace('{dataset}', setting('BQ_DATASET'))
        ) }}
    {%- endif -%}
    {{ return(defaults[name] | string) }}
{% endmacro %}
