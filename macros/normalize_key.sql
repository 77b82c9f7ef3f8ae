{#- A natural key as every side spells it: no blanks at the ends, nothing invisible, and 123 where a
    number came as `123.0`. With another point in it, it is no number. -#}
{% macro normalize_key(key) -%}
    regexp_replace({{ trim_text(without_format_characters(key)) }}, r'^([^.]*[0-9])\.0+$', r'\1')
{%- endmacro %}
