{#- Text without blanks at its ends; null where nothing is left. -#}
{% macro trim_text(text) -%}
    {%- set blanks = blank_characters() -%}
    nullif(regexp_replace({{ text }}, r'^{{ blanks }}+|{{ blanks }}+$', ''), '')
{%- endmacro %}

{#- What counts as blank: white space, separators such as the no-break space, and the control and
    zero-width characters and byte-order marks that exports and web forms leave behind. -#}
{% macro blank_characters() %}
    {{ return('[\\s\\pZ\\x{00}-\\x{1f}\\x{200b}-\\x{200f}\\x{2060}\\x{feff}]') }}
{% endmacro %}
