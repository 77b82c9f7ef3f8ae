{#- What is kept of a confirmed value: enough to see that it changed, nothing to read it from. The same
    value of another record or property has another hash. -#}
{% macro value_hash(value, name) -%}
    substr(to_hex(sha256(
                concat(salt, '|', record_ref, '|', {{ name }}, '|', {{ value }})
            )), 1, 16)
{%- endmacro %}

{#- What a hash is kept as: an entry of a JSON object. -#}
{% macro hash_entry(value, name) -%}
    concat('"', {{ name }}, '":"', {{ value_hash(value, name) }}, '"')
{%- endmacro %}
