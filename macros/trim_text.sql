{#- Text without blanks at its ends; null where nothing is left. -#}
{% macro trim_text(text) -%}
    {%- set blanks = blank_characters() -%}
    nullif(regexp_replace({{ text }}, r'^{{ blanks }}+|{{ blanks }}+$', ''), '')
{%- endmacro %}

{#- trim_text, and no control characters anywhere: HubSpot shows none. Tabs and line ends stay. -#}
{% macro clean_text(text) -%}
    {%- set blanks = blank_characters() -%}
    {%- set control = '[\\x{00}-\\x{08}\\x{0b}\\x{0c}\\x{0e}-\\x{1f}\\x{7f}-\\x{9f}]' -%}
    nullif(
            regexp_replace({{ text }}, r'^{{ blanks }}+|{{ blanks }}+$|{{ control }}', ''),
            ''
        )
{%- endmacro %}

{#- What counts as blank: white space, separators such as the no-break space, and the control and
    zero-width characters and byte-order marks that exports and web forms leave behind. -#}
{% macro blank_characters() %}
    {{ return('[\\s\\pZ\\x{00}-\\x{1f}\\x{200b}-\\x{200f}\\x{2060}\\x{feff}]') }}
{% endmacro %}
