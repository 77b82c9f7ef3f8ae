{#- The date of the build in New York, where the clinic counts its patients' ages. -#}
{% macro build_date() -%}
    date '{{ run_started_at.astimezone(modules.pytz.timezone("America/New_York")).date() }}'
{%- endmacro %}
