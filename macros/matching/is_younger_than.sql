{#- True where a person of that date of birth is younger than so many years on the day of the build, or
    may be, as the date is unknown; never null. -#}
{% macro is_younger_than(years, birth_date) -%}
    coalesce({{ birth_date }} > date_sub({{ build_date() }}, interval {{ years }} year), true)
{%- endmacro %}
