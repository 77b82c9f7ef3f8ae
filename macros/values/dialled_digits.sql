{#- The digits of a phone number, without the country code 1 and without an extension or what else is
    written behind an x, as of ext or fax, or a #. -#}
{% macro dialled_digits(phone) -%}
    regexp_replace(
                regexp_replace(
                    regexp_replace({{ phone }}, r'(?is)(\d)\D*[x#].*$', r'\1'),
                    r'[^0-9]', ''
                ),
                r'^1(\d{10})$', r'\1'
            )
{%- endmacro %}
