{#- A date of birth; null where it is one of `births`, the days that databases and people write for none. -#}
{% macro known_birth_date(birth_date, births) -%}
    if(coalesce(cast({{ birth_date }} as string) in unnest({{ births }}), false), null, {{ birth_date }})
{%- endmacro %}
