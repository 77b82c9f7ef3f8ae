{#- Text after a list of rewritings, one after the other: a pattern, and what takes its place. -#}
{% macro rewritten(text, rewritings) -%}
    {%- set result = namespace(text=text) -%}
    {%- for pattern, replacement in rewritings -%}
        {%- set result.text = "regexp_replace(" ~ result.text ~ ", r'" ~ pattern ~ "', r'" ~ replacement ~ "')" -%}
    {%- endfor -%}
    {{ result.text }}
{%- endmacro %}
