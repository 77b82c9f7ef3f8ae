{#- The verdicts of int_property_decisions by which a property is sent. -#}
{% macro sending_verdicts() -%}
    ('create', 'first_write', 'changed_in_amd', 'overwrites_edit', 'repairs', 'goes_with_its_whole')
{%- endmacro %}

{#- An array of a record's properties whose verdict meets a condition, each as `shown` says. -#}
{% macro properties_judged(shown, condition) -%}
    array(
            select {{ shown }}
            from unnest(judged_properties) as judged
            where judged.verdict {{ condition }}
            order by judged.name
        )
{%- endmacro %}
