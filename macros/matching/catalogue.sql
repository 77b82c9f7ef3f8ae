{#-
    The catalogue (seed hubspot_properties) as dictionaries, for SQL that treats every property
    alike; the role natural_id under the name that its setting gives it. Filters: the write modes
    to keep; is_mirrored keeps what the mirror reads back.
-#}
{% macro catalogue(write_modes=none, is_mirrored=none) %}
    {%- set objects = {} -%}
    {%- for object in seed_rows('hubspot_objects', 'entity') -%}
        {%- do objects.update({object['entity']: object}) -%}
    {%- endfor -%}
    {%- set kept = [] -%}
    {%- for row in seed_rows('hubspot_properties', 'entity, property') -%}
        {%- if (write_modes is none or row['write'] in write_modes)
                and (is_mirrored is none or row['mirror'] == is_mirrored) -%}
            {%- if row['property'] == 'natural_id' -%}
                {%- set object = objects[row['entity']] -%}
                {%- do row.update({
                    'is_natural_id': true,
                    'property': setting(object['id_property_setting'])
                        if object['id_property_setting'] else object['id_property_default'],
                }) -%}
            {%- endif -%}
            {%- do kept.append(row) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(kept) }}
{% endmacro %}
