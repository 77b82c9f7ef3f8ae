{#- Text as an instant: as written where it has a zone, else wall time in New York (a bare day is
    midnight there). `wall_time` may name a column that already holds read_wall_time(text). -#}
{% macro read_instant(text, wall_time=none) -%}
    coalesce(
        {{ read_zoned_instant(text) }},
        {{ new_york_instant(wall_time or '(' ~ read_wall_time(text) ~ ')') }}
    )
{%- endmacro %}
