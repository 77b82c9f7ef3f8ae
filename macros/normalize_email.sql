{#- An email in lower case; null where it is no address: one @, a dot in the domain, no blanks. -#}
{% macro normalize_email(email) -%}
    regexp_extract(lower({{ trim_text(email) }}), r'^[^@\s\pZ,;]+@[^@\s\pZ,;]+\.[^@\s\pZ,;]+$')
{%- endmacro %}
