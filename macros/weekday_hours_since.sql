{#- Full hours since an instant, Saturdays and Sundays in New York left out: how long it was for
    people who work on weekdays. -#}
{% macro weekday_hours_since(instant) -%}
    greatest(0, div(
            ({{ weekday_seconds('current_timestamp()') }} - {{ weekday_seconds(instant) }}), 3600
        ))
{%- endmacro %}

{#- Seconds of weekdays up to an instant, from 1970-01-05 on, which was a Monday. -#}
{% macro weekday_seconds(instant) -%}
    {%- set local = "(unix_seconds(timestamp(datetime(" ~ instant ~ ", 'America/New_York'))) - 345600)" -%}
    (div({{ local }}, 604800) * 432000 + least(mod({{ local }}, 604800), 432000))
{%- endmacro %}
