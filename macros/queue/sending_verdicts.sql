{#- The verdicts of int_property_decisions by which a property is sent. -#}
{% macro sending_verdicts() -%}
    ('create', 'first_write', 'changed_in_amd', 'overwrites_edit', 'repairs', 'goes_with_its_whole')
{%- endmacro %}

{#- An aggregate over judged properties in their order: those whose verdict meets a condition, each as
    `shown` says; null for none. -#}
{% macro properties_judged(shown, condition) -%}
    array_to_string(array_agg(
                    if(verdict {{ condition }}, {{ shown }}, null) ignore nulls
                ), ',')
{%- endmacro %}
