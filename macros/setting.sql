{#- The value of one setting, as text: DBT_<NAME>, else <NAME>, else its default. -#}
{% macro setting(name) %}
    {%- set fallback = setting_default(name) -%}
    {{ return((env_var('DBT_' ~ name, env_var(name, fallback)) | string) | trim) }}
{% endmacro %}
