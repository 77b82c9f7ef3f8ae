{#- Text that names a day, or a day and a time, but no zone, as a DATETIME: ISO, or US M/D/YYYY.
    The patterns are strict because casts are not equally strict everywhere. -#}
{% macro read_wall_time(text) -%}
    case
        when regexp_contains({{ text }}, r'^\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?)?$')
            and {{ text }} >= '0001'
            then safe_cast(regexp_replace(regexp_replace({{ text }}, r'([T ]\d\d:\d\d)$', r'\1:00'), r'(\.\d{6})\d+$', r'\1') as datetime)
        when regexp_contains({{ text }}, r'^\d{1,2}/\d{1,2}/[12]\d{3}$')
            then safe.parse_datetime('%m/%d/%Y', {{ text }})
        when regexp_contains({{ text }}, r'^\d{1,2}/\d{1,2}/[12]\d{3} ([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$')
            then safe.parse_datetime('%m/%d/%Y %H:%M:%S', concat(regexp_extract({{ text }}, r'^\S+ \d+:\d\d'), coalesce(regexp_extract({{ text }}, r'^\S+ \d+:\d\d(:\d\d)'), ':00')))
        when regexp_contains({{ text }}, r'^\d{1,2}/\d{1,2}/[12]\d{3} (0?[1-9]|1[0-2]):[0-5]\d(:[0-5]\d)? ?[AaPp][Mm]$')
            then safe.parse_datetime('%m/%d/%Y %I:%M:%S %p', concat(regexp_extract({{ text }}, r'^\S+ \d+:\d\d'), coalesce(regexp_extract({{ text }}, r'^\S+ \d+:\d\d(:\d\d)'), ':00'), ' ', upper(regexp_extract({{ text }}, r'[AaPp][Mm]$'))))
    end
{%- endmacro %}
