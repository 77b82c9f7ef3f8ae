{#- How logs and errors name a record: a salted hash that cannot be looked up outside BigQuery. -#}
{% macro record_ref(salt, entity, key) -%}
    substr(to_hex(sha256(concat({{ salt }}, '|', {{ entity }}, '|', {{ key }}))), 1, 32)
{%- endmacro %}
