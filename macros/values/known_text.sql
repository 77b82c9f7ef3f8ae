{#- Text as it is written; null where people say by it that there is none: a word of `words`, an array,
    whatever its case and punctuation. -#}
{% macro known_text(text, words) -%}
    if(coalesce({{ bare_text(text) }} in unnest({{ words }}), false), null, {{ text }})
{%- endmacro %}

{% macro bare_text(text) -%}
    regexp_replace(lower({{ text }}), r'[\s[:punct:]]+', '')
{%- endmacro %}
