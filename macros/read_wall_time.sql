{#- A day, or a day and a time without a zone, in the spelling of iso_time, as a DATETIME. The years 1 and
    9999 are read because databases mean none by them; other text has four digits of years that people
    live in. The patterns are strict because casts are not equally strict everywhere. -#}
{% macro read_wall_time(text) -%}
    coalesce(
            safe_cast(regexp_extract(
                {{ text }}, r'^{{ iso_day_pattern() }}(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?)?$'
            ) as datetime),
            safe.parse_datetime('%Y-%m-%d %I:%M:%S %p', regexp_extract(
                {{ text }}, r'^{{ iso_day_pattern() }} (?:0[1-9]|1[0-2]):[0-5]\d:[0-5]\d [ap]m$'
            ))
        )
{%- endmacro %}

{% macro iso_day_pattern() %}
    {{ return('(?:0001|[12]\\d{3}|9999)-\\d\\d-\\d\\d') }}
{% endmacro %}
