{#- The last ten of a phone number's digits, where it has as many. -#}
{% macro phone_digits(phone) -%}
    regexp_extract({{ dialled_digits(phone) }}, r'[0-9]{10}$')
{%- endmacro %}
