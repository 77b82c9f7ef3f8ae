{#- One clear line for a setting that cannot work, before anything is built. -#}
{% macro check_settings() %}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set limits = {
        'PATIENT_STALE_HOURS': 87600, 'ROI_STALE_HOURS': 87600,
        'LOOKBACK_HOURS': 87600, 'FULL_READ_DAYS': 3650, 'SOURCE_SHRINK_PERCENT': 100,
        'MAX_BUILD_AGE_HOURS': 87600, 'MASS_CHANGE_PERCENT': 100, 'MASS_CHANGE_ROWS': 1000000000,
        'MIRROR_SHRINK_PERCENT': 100, 'RETRY_FAILED_AFTER_DAYS': 3650, 'MAX_OPEN_REVIEWS': 100000,
    } -%}
    {%- for name, most in limits.items() -%}
        {%- if not modules.re.match('^[0-9]{1,10}$', setting(name)) or setting(name) | int > most -%}
            {{ exceptions.raise_compiler_error(
                'Setting ' ~ name ~ ' must be a whole number from 0 to ' ~ most ~ ', not "'
                ~ setting(name) ~ '".'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in [
        'BIGQUERY_PATIENT_TABLE', 'BIGQUERY_ROI_TABLE',
        'RUN_LEDGER_TABLE', 'DLQ_TABLE', 'ID_MAP_TABLE',
    ] -%}
        {%- if not modules.re.match('^[a-z][a-z0-9.:-]*\\.[A-Za-z0-9_]+\\.[^.`\\s]+$', setting(name)) -%}
            {{ exceptions.raise_compiler_error(
                'Setting ' ~ name ~ ' must be project.dataset.table, not "' ~ setting(name) ~ '".'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ['PATIENT_NATURAL_ID_PROP', 'ROI_NATURAL_ID_PROP'] -%}
        {%- if not modules.re.match('^[a-z][a-z0-9_]*$', setting(name)) -%}
            {{ exceptions.raise_compiler_error(
                'Setting ' ~ name ~ ' must be the internal name of a HubSpot property, not "'
                ~ setting(name) ~ '".'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- if not modules.re.match('^(2-[0-9]+|p[0-9]*_[a-z0-9_]+|[a-z][a-z0-9_]*)$', setting('ROI_OBJECT_TYPE')) -%}
        {{ exceptions.raise_compiler_error(
            'Setting ROI_OBJECT_TYPE must be a HubSpot object type such as p_roi or 2-51944773, not "'
            ~ setting('ROI_OBJECT_TYPE') ~ '".'
        ) }}
    {%- endif -%}
    {%- for name, words in {
        'on_suspected_duplicate': ['quarantine', 'create'],
        'tell_sync_status': ['exceptions', 'all', 'off'],
    }.items() -%}
        {%- if var(name) not in words -%}
            {{ exceptions.raise_compiler_error(
                'Var ' ~ name ~ ' must be ' ~ words | join(' or ') ~ ', not "' ~ var(name) ~ '".'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('') }}
{% endmacro %}
