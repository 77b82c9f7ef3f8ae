{#- True where a property without which a record is not sent is longer than HubSpot takes: where
    outbox_rows would leave its line out of the payload. -#}
{% macro overlong_required_property(entity) -%}
    {%- set tests = [] -%}
    {%- for row in catalogue_rows(entity)
        if row['is_required'] and row['property'] != 'natural_id' -%}
        {%- do tests.append(
            'coalesce(char_length(to_json_string(' ~ row['property'] ~ ')) > '
            ~ (65533 - row['name'] | length) ~ ', false)'
        ) -%}
    {%- endfor -%}
    ({{ tests | join(' or ') if tests else 'false' }})
{%- endmacro %}
