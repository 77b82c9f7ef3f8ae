{#- True where a property without which a record is not sent is blank. -#}
{% macro missing_required_property(entity) -%}
    {%- set tests = [] -%}
    {%- for row in catalogue_rows(entity)
        if row['is_required'] and row['property'] != 'natural_id' -%}
        {%- do tests.append(row['property'] ~ ' is null') -%}
    {%- endfor -%}
    ({{ tests | join(' or ') if tests else 'false' }})
{%- endmacro %}
