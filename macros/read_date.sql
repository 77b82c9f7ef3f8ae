{#- Text in the spelling of iso_time as a calendar date. A day, or a day with a naive time, never passes
    through a zone. Midnight UTC is how typed columns keep a day; any other instant becomes the day that
    it was in `instant_zone` (a plain zone name). -#}
{% macro read_date(text, instant_zone) -%}
    coalesce(
        date({{ read_wall_time(text) }}),
        {{ calendar_date(read_zoned_instant(text), instant_zone) }}
    )
{%- endmacro %}
