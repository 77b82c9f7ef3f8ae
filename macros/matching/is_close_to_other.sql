{#- True where two known names are a slip of the pen apart: one letter in four or more, two in seven or
    more; never null. -#}
{% macro is_close_to_other(one, other) -%}
    coalesce(
        edit_distance({{ one }}, {{ other }}) <= case
            when least(length({{ one }}), length({{ other }})) >= 7 then 2
            when least(length({{ one }}), length({{ other }})) >= 4 then 1
            else 0
        end,
        false
    )
{%- endmacro %}
