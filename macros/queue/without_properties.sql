{#- A payload (a JSON object whose values are all strings) without the named properties. A quote
    inside a value is always escaped, so the pattern meets names only. -#}
{% macro without_properties(payload, names) -%}
    regexp_replace(
        regexp_replace(
            {{ payload }},
            concat(r',?"(?:', array_to_string({{ names }}, '|'), r')":"(?:[^"\\]|\\.)*"'),
            ''
        ),
        r'^\{,',
        '{'
    )
{%- endmacro %}
