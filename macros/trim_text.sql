{#- Text without blanks at its ends; null where nothing is left. Blanks include the no-break space,
    zero-width characters and byte-order marks that exports and web forms leave behind. -#}
{% macro trim_text(text) -%}
    nullif(regexp_replace({{ text }}, r'^[\s\pZ\x{200b}-\x{200f}\x{2060}\x{feff}]+|[\s\pZ\x{200b}-\x{200f}\x{2060}\x{feff}]+$', ''), '')
{%- endmacro %}
