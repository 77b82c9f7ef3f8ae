{#- An array of one text, or none: a comma list of properties with a kind of warning before each. -#}
{% macro warnings_of(kind, names) -%}
    if(
                    {{ names }} is null,
                    [],
                    [concat('{{ kind }}:', replace({{ names }}, ',', ',{{ kind }}:'))]
                )
{%- endmacro %}
