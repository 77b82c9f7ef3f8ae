{#- The property of a payload entry, the JSON text `"name":"value"`. -#}
{% macro entry_name(entry) -%}
    split({{ entry }}, '"')[safe_offset(1)]
{%- endmacro %}

{#- The value of a payload entry, as it stands between its quotes. -#}
{% macro entry_text(entry, name) -%}
    substr(
                {{ entry }},
                char_length({{ name }}) + 5,
                char_length({{ entry }}) - char_length({{ name }}) - 5
            )
{%- endmacro %}

{#- The same of one property of a compact JSON object of strings and nulls; blank where it has none. A
    quote inside a value is escaped, so that `"name":"` meets names only. The pattern has no group:
    the emulator returns those of patterns that stand for themselves, and this is one. -#}
{% macro object_text(properties, name) -%}
    coalesce(regexp_extract(
                substr(
                    {{ properties }},
                    nullif(strpos({{ properties }}, concat('"', {{ name }}, '":"')), 0)
                    + char_length({{ name }}) + 4
                ),
                r'^(?:[^"\\]|\\.)*'
            ), '')
{%- endmacro %}

{#- The text that stands between the quotes of a JSON string, trimmed: one character may be escaped in
    several ways. -#}
{% macro unescaped(text) -%}
    trim(if(
                strpos({{ text }}, '\\') > 0,
                coalesce(json_value(concat('{"v":"', {{ text }}, '"}'), '$.v'), {{ text }}),
                {{ text }}
            ))
{%- endmacro %}
