{#- A name for comparison: no accents, case-folded, letters and digits only, and letters that Unicode
    does not split in their usual spelling without them. -#}
{% macro normalize_name(name) -%}
    nullif(regexp_replace({{ without_accents(name) }}, r'[^\pL\pN]', ''), '')
{%- endmacro %}
