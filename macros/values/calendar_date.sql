{#- The calendar date that an instant stands for: at midnight UTC its UTC date, since that is how a day
    becomes an instant on its way through typed columns; else the date that it was in `zone`. -#}
{% macro calendar_date(instant, zone='America/New_York') -%}
    if(
            mod(unix_millis({{ instant }}), 86400000) = 0,
            date({{ instant }}, 'UTC'),
            date({{ instant }}, '{{ zone }}')
        )
{%- endmacro %}
