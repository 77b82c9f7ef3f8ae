{#- A zip code out of a numeric column, which has dropped its zeros: five digits, or nine as 02117-1234.
    Any other length is no zip that has a known width, and stays. -#}
{% macro zip_from_number(digits) -%}
    regexp_replace(
        case
            when regexp_contains({{ digits }}, r'^\d{3,5}$') then lpad({{ digits }}, 5, '0')
            when regexp_contains({{ digits }}, r'^\d{7,9}$') then lpad({{ digits }}, 9, '0')
            else {{ digits }}
        end,
        r'^(\d{5})(\d{4})$', r'\1-\2'
    )
{%- endmacro %}
