{#- The digits of a phone number, without the country code 1 and without an extension. -#}
{% macro dialled_digits(phone) -%}
    regexp_replace(
                regexp_replace(
                    regexp_replace(lower({{ phone }}), r'(\d)[^\d]*(?:ext?\.?|x|#)[^\da-z]*\d{1,6}$', r'\1'),
                    r'[^0-9]', ''
                ),
                r'^1(\d{10})$', r'\1'
            )
{%- endmacro %}
