{#- Seconds up to an instant, Saturdays and Sundays in New York left out. A difference of two of them
    is how long it was from one to the other for people who work on weekdays. -#}
{% macro weekday_seconds(instant) -%}
    {#- 1970-01-05 was a Monday. -#}
    {%- set local = "(unix_seconds(timestamp(datetime(" ~ instant ~ ", 'America/New_York'))) - 345600)" -%}
    (div({{ local }}, 604800) * 432000 + least(mod({{ local }}, 604800), 432000))
{%- endmacro %}
