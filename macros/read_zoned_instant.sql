{#- A time that says its zone, in the spelling of iso_time, as an instant. -#}
{% macro read_zoned_instant(text) -%}
    safe_cast(regexp_extract(
            {{ text }},
            r'^[12]\d{3}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?[+-](?:(?:0\d|1[0-3])(?::[0-5]\d)?|14(?::00)?)$'
        ) as timestamp)
{%- endmacro %}
