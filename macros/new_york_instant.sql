{#- A naive AMD time as an instant: it is wall time in New York. Of the hour that comes twice in
    autumn the earlier is meant, which is asked for outright because not every engine takes it. -#}
{% macro new_york_instant(wall_time) -%}
    if(
        extract(year from {{ wall_time }}) between 2 and 9998,
        if(
            datetime(
                timestamp_sub(timestamp({{ wall_time }}, 'America/New_York'), interval 1 hour),
                'America/New_York'
            ) = {{ wall_time }},
            timestamp_sub(timestamp({{ wall_time }}, 'America/New_York'), interval 1 hour),
            timestamp({{ wall_time }}, 'America/New_York')
        ),
        null
    )
{%- endmacro %}
