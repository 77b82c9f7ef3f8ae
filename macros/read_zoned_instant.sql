{#- Text that names an instant by itself: ISO with Z or an offset, or milliseconds since 1970. -#}
{% macro read_zoned_instant(text) -%}
    {%- set clock = '([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?' -%}
    case
        when regexp_contains({{ text }}, r'^-?\d{9,13}$|^\d{14}$')
            then timestamp_millis(safe_cast({{ text }} as int64))
        when regexp_contains(
            {{ text }},
            r'^\d{4}-\d\d-\d\d[T ]{{ clock }} ?([Zz]|UTC|[+-](0\d|1[0-3])(:?[0-5]\d)?)$'
        )
            and {{ text }} between '0001-01-03' and '9998-12-31~'
            then safe_cast(concat(
                substr({{ text }}, 1, 10), ' ', substr({{ text }}, 12, 5),
                coalesce(regexp_extract({{ text }}, r'^.{16}(:\d\d(?:\.\d{1,6})?)'), ':00'),
                coalesce(regexp_extract({{ text }}, r'([+-]\d\d):?\d*$'), '+00'),
                ':', coalesce(regexp_extract({{ text }}, r'[+-]\d\d:?(\d\d)$'), '00')
            ) as timestamp)
    end
{%- endmacro %}
