{#-
    The named properties of a compact JSON object, as a JSON object of their own; null where no name
    is given. Where the object lacks one of them, all count as blank: then nothing is known of the
    record, and the guard holds until HubSpot has been read again.
-#}
{% macro properties_as_json(names, properties) -%}
if(
    array_length({{ names }}) = 0,
    null,
    concat('{', array_to_string(
        case
            when
                {{ properties }} != '{}'
                and array_length({{ property_entries(properties, names) }})
                = array_length({{ names }})
                then {{ property_entries(properties, names) }}
            else split(concat('"', array_to_string({{ names }}, '":"","'), '":""'), ',')
        end,
        ','
    ), '}')
)
{%- endmacro %}

{#- The entries `"name":"value"` or `"name":null` of the named properties, as an array. -#}
{% macro property_entries(properties, names) -%}
regexp_extract_all(
    {{ properties }},
    concat('"(?:', array_to_string({{ names }}, '|'), r')":(?:"(?:[^"\\]|\\.)*"|null)')
)
{%- endmacro %}
