{#- How options of a property are compared with what a source says: without case, blanks as one. -#}
{% macro option_spelling(text) -%}
    lower(trim(regexp_replace({{ text }}, r'\s+', ' ')))
{%- endmacro %}
