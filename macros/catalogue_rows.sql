{#- The properties of one entity that are written, the natural id first and the rest by name, with
    the real name of the natural id and without those that a setting protects. -#}
{% macro catalogue_rows(entity, protected_setting=none) %}
    {%- set objects = seed_rows('hubspot_objects', 'entity')
        | selectattr('entity', 'equalto', entity) | list -%}
    {%- set catalogue = seed_rows('hubspot_properties', 'entity, property') -%}
    {%- set protected = protected_properties(protected_setting) -%}
    {%- set rows = [] -%}
    {%- for row in catalogue if row['entity'] == entity and row['write'] != 'never' -%}
        {%- set name = row['property'] -%}
        {%- if name == 'natural_id' and objects -%}
            {%- set object = objects[0] -%}
            {%- set name = setting(object['id_property_setting'])
                if object['id_property_setting'] else object['id_property_default'] -%}
        {%- endif -%}
        {%- if (name in protected or row['property'] in protected)
            and (row['property'] == 'natural_id' or row['is_required']) -%}
            {{ exceptions.raise_compiler_error(
                'Setting ' ~ protected_setting ~ ' must not name ' ~ name
                ~ ': no record can be sent without it.'
            ) }}
        {%- endif -%}
        {%- if row['property'] == 'natural_id' -%}
            {%- do rows.insert(0, dict(row, name=name)) -%}
        {%- elif name not in protected -%}
            {%- do rows.append(dict(row, name=name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}

{#- The property names in a comma list of a setting. -#}
{% macro protected_properties(protected_setting) %}
    {%- set names = [] -%}
    {%- if protected_setting -%}
        {%- for name in setting(protected_setting).split(',') if name | trim -%}
            {%- do names.append(name | trim) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}
