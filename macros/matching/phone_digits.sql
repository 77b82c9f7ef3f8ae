{#- The last ten digits of a phone number, where it has as many before an extension. -#}
{% macro phone_digits(phone) -%}
    regexp_extract(
        regexp_replace(regexp_replace({{ phone }}, r'(?i)(?:x|ext).*$', ''), r'[^0-9]', ''), r'[0-9]{10}$'
    )
{%- endmacro %}
