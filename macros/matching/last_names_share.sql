{#- True where two known last names have something in common: equal, a part of a double name, or one
    letter in four or more; never null. The parts are those of macro name_columns. -#}
{% macro last_names_share(one, other) -%}
    coalesce(
        {{ one }} = {{ other }}
        or (
            least(length({{ one }}), length({{ other }})) >= 4
            and edit_distance({{ one }}, {{ other }}) <= 1
        ),
        false
    )
    {%- for part in ['last_name_key', 'last_name_first_part', 'last_name_last_part'] %}
    {%- for contact_part in ['last_name_key', 'last_name_first_part', 'last_name_last_part'] %}
    {%- if not (part == 'last_name_key' and contact_part == 'last_name_key') %}
    or coalesce({{ part }} = contact_{{ contact_part }}, false)
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}
