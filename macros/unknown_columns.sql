{#- What a row's columns held that stands for none, as `why:Column`, in a list like unreadable_columns.
    `findings` is why and column → [value, value that counts]; `texts` is column → [source column, …],
    where known_<column> is what counts. -#}
{% macro unknown_columns(findings, texts) -%}
    {%- set found = dict(findings) -%}
    {%- for column, judged in texts.items() -%}
        {%- do found.update({'placeholder:' ~ judged[0]: [column, 'known_' ~ column]}) -%}
    {%- endfor -%}
    {{ unreadable_columns(found) }}
{%- endmacro %}
