{#- The verdicts of int_property_decisions by which a property is sent. -#}
{% macro sending_verdicts() -%}
    ('create', 'first_write', 'changed_in_amd', 'overwrites_edit', 'repairs', 'goes_with_its_whole')
{%- endmacro %}

{#- An aggregate: the judged properties whose verdict meets a condition, each as `shown` says; null for
    none. In the order of their names where it is compared with what was kept, or read: sorting costs. -#}
{% macro properties_judged(shown, condition, is_ordered=true) -%}
    array_to_string(array_agg(
                    if(verdict {{ condition }}, {{ shown }}, null) ignore nulls
                    {{- ' order by name' if is_ordered }}
                ), ',')
{%- endmacro %}
