{#- An aggregate: the properties for which a condition holds, as `|one|other|`, for is_listed. -#}
{% macro property_list(condition, member='property') -%}
    concat('|', coalesce(string_agg(
            if({{ condition }}, {{ member }}, null), '|' order by property
        ), ''), '|')
{%- endmacro %}

{#- The same out of names that are joined with `|`, where a condition holds; else blank. -#}
{% macro as_list(names, condition) -%}
    if({{ condition }}, coalesce(concat('|', {{ names }}, '|'), ''), '')
{%- endmacro %}

{#- True where such a list names the property. -#}
{% macro is_listed(name, list) -%}
    strpos({{ list }}, concat('|', {{ name }}, '|')) > 0
{%- endmacro %}

{#- The property that a part belongs to, out of list `parts` of int_entity_rules. -#}
{% macro whole_of(part, list) -%}
    split(split({{ list }}, concat('|', {{ part }}, '|in:'))[safe_offset(1)], '|')[safe_offset(0)]
{%- endmacro %}
