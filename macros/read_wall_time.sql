{#- Text that names a day, or a day and a time, but no zone, as a DATETIME: ISO, or US M/D/YYYY.
    The patterns are strict because casts are not equally strict everywhere. -#}
{% macro read_wall_time(text) -%}
    {%- set clock_24 = '([01]\\d|2[0-3]):[0-5]\\d' -%}
    {%- set clock_12 = '(0?[1-9]|1[0-2]):[0-5]\\d' -%}
    {%- set us_day = '\\d{1,2}/\\d{1,2}/[12]\\d{3}' -%}
    {#- A US time with the seconds that it may lack. -#}
    {%- set us_time -%}
        regexp_extract({{ text }}, r'^\S+ \d+:\d\d'),
                coalesce(regexp_extract({{ text }}, r'^\S+ \d+:\d\d(:\d\d)'), ':00')
    {%- endset -%}
    case
        when {{ text }} >= '0001'
            and regexp_contains(
                {{ text }}, r'^\d{4}-\d\d-\d\d([T ]{{ clock_24 }}(:[0-5]\d(\.\d+)?)?)?$'
            )
            then safe_cast(regexp_replace(
                regexp_replace({{ text }}, r'([T ]\d\d:\d\d)$', r'\1:00'),
                r'(\.\d{6})\d+$', r'\1'
            ) as datetime)
        when regexp_contains({{ text }}, r'^{{ us_day }}$')
            then safe.parse_datetime('%m/%d/%Y', {{ text }})
        when regexp_contains({{ text }}, r'^{{ us_day }} {{ clock_24.replace("[01]", "[01]?") }}(:[0-5]\d)?$')
            then safe.parse_datetime('%m/%d/%Y %H:%M:%S', concat(
                {{ us_time }}
            ))
        when regexp_contains({{ text }}, r'^{{ us_day }} {{ clock_12 }}(:[0-5]\d)? ?[AaPp][Mm]$')
            then safe.parse_datetime('%m/%d/%Y %I:%M:%S %p', concat(
                {{ us_time }},
                ' ', upper(regexp_extract({{ text }}, r'[AaPp][Mm]$'))
            ))
    end
{%- endmacro %}
