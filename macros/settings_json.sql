{#- All settings as one line of JSON, for the build stamp. The pusher renders the same line from
    its own environment and the two are compared as text, so the form must not vary. -#}
{% macro settings_json() %}
    {%- set entries = [] -%}
    {%- for name in var('settings') | sort -%}
        {%- set fallback = setting_default(name) -%}
        {%- set value = env_var('DBT_' ~ name, env_var(name, fallback)) | string -%}
        {%- do entries.append(
            '{"name":' ~ tojson(name) ~ ',"value":' ~ tojson(value)
            ~ ',"default":' ~ tojson(fallback) ~ '}'
        ) -%}
    {%- endfor -%}
    {{ return('[' ~ entries | join(',') ~ ']') }}
{% endmacro %}
