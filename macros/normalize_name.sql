{#- A name or a city for comparison: no accents, case-folded, letters and digits only.
    NFD splits a letter from its accents; the accents are marks, so the filter drops them. -#}
{% macro normalize_name(name) -%}
    nullif(regexp_replace(normalize_and_casefold({{ name }}, nfd), r'[^\pL\pN]', ''), '')
{%- endmacro %}
