{#- The named properties of a compact JSON object of strings, as a JSON object of their own; "" for
    one that is absent or null. Null where no name is given. -#}
{% macro properties_as_json(names, properties) -%}
nullif(concat('{', array_to_string(array(
    select coalesce(
        {{ property_entry(properties, "concat('\"', guarded_name, '\"')") }},
        concat('"', guarded_name, '":""')
    )
    from unnest({{ names }}) as guarded_name
), ','), '}'), '{}')
{%- endmacro %}

{#- The entry `"name":"value"` of a compact JSON object of strings, by the quoted name; null where
    the property is absent or null. The pattern has no group, as it is no literal: the emulator
    returns group 1 for literals only. -#}
{% macro property_entry(properties, quoted_name) -%}
regexp_extract({{ properties }}, concat({{ quoted_name }}, r':"(?:[^"\\]|\\.)*"'))
{%- endmacro %}
