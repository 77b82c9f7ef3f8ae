{#- Refuses an environment that leads to another one's tables. Also while the project is only parsed:
    dbt makes data sets before it comes to a hook. -#}
{% macro check_environment() %}
    {%- set here = setting('GCP_PROJECT_ID') ~ '.' ~ setting('BQ_DATASET') -%}
    {%- set is_local = env_var('DBT_BIGQUERY_EMULATOR_HOST', '') or env_var('BIGQUERY_EMULATOR_HOST', '') -%}
    {%- if not setting('GCP_PROJECT_ID') -%}
        {{ exceptions.raise_compiler_error(
            'Set GCP_PROJECT_ID (in dbt Cloud DBT_GCP_PROJECT_ID); .env.example lists every setting.'
        ) }}
    {%- elif (is_local != '') != (target.name == 'local') -%}
        {{ exceptions.raise_compiler_error(
            'BIGQUERY_EMULATOR_HOST is ' ~ ('set' if is_local else 'not set') ~ ' and the target is '
            ~ target.name ~ ': unset one of BIGQUERY_EMULATOR_HOST and DBT_TARGET (or --target).'
        ) }}
    {%- elif target.database ~ '.' ~ target.schema != here -%}
        {{ exceptions.raise_compiler_error(
            'dbt would build into ' ~ target.database ~ '.' ~ target.schema ~ ', and GCP_PROJECT_ID '
            ~ 'and BQ_DATASET say ' ~ here ~ ': give both the same names.'
        ) }}
    {%- endif -%}
    {%- set known = [here] -%}
    {%- for name in setting('CONTROL_DATASETS').split(',') -%}
        {%- do known.append(name | trim) -%}
    {%- endfor -%}
    {%- for name in ['RUN_LEDGER_TABLE', 'DLQ_TABLE', 'ID_MAP_TABLE'] -%}
        {%- if setting(name).rsplit('.', 1)[0] not in known -%}
            {{ exceptions.raise_compiler_error(
                name ~ ' lies outside ' ~ here ~ ': leave it out, or name its data set in '
                ~ 'CONTROL_DATASETS.'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute %}{% do log('The data set is ' ~ here ~ '.', info=true) %}{% endif -%}
    {{ return('') }}
{% endmacro %}
