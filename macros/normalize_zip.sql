{#- The first five digits of a zip code. -#}
{% macro normalize_zip(zip) -%}
    nullif(substr(regexp_replace({{ normalize_key(zip) }}, r'[^0-9]', ''), 1, 5), '')
{%- endmacro %}
