{#- The named properties of a compact JSON object of strings, as a JSON object of their own; "" for
    one that is absent or null. Null where no name is given (blank names do not count). -#}
{% macro properties_as_json(names, properties) -%}
nullif(concat('{', array_to_string(array(
    select concat(
        '"', guarded_name, '":',
        coalesce(
            regexp_extract({{ properties }}, concat('"', guarded_name, r'":("(?:[^"\\]|\\.)*")')),
            '""'
        )
    )
    from unnest({{ names }}) as guarded_name
    where guarded_name != ''
), ','), '}'), '{}')
{%- endmacro %}
