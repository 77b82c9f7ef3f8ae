{#- A phone number as it is written; null where it stands for none: fewer than seven digits, one digit
    again and again, a run such as 1234567890, an area code before seven that no line has. -#}
{% macro known_phone(phone) -%}
    if(
            regexp_contains(
                {{ dialled_digits(phone) }},
                r'^(?:\d{0,6}|0+|1+|2+|3+|4+|5+|6+|7+|8+|9+|\d{3}(?:0{7}|1{7}|5{7}|1234567))$'
            )
            or strpos('01234567890123456789', {{ dialled_digits(phone) }}) > 0
            or strpos('98765432109876543210', {{ dialled_digits(phone) }}) > 0,
            null,
            {{ phone }}
        )
{%- endmacro %}
