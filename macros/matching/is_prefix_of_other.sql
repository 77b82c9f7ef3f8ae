{#- True where one of two known names begins with the other, which has at least min_letters. -#}
{% macro is_prefix_of_other(one, other, min_letters=1) -%}
    coalesce(
        least(length({{ one }}), length({{ other }})) >= {{ min_letters }}
        and (starts_with({{ one }}, {{ other }}) or starts_with({{ other }}, {{ one }})),
        false
    )
{%- endmacro %}
