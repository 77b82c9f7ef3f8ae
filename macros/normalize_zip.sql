{#- The first five digits of a zip code. Where the state's zips begin with 0, a code of three or four
    digits, or one before its four more, has lost its zeros. `state` is as normalize_state spells it. -#}
{% macro normalize_zip(zip, state) -%}
    nullif(
        substr(
            regexp_replace(
                if(
                    {{ state }} in ('CT', 'MA', 'ME', 'NH', 'NJ', 'RI', 'VT', 'PR', 'VI'),
                    regexp_replace(
                        regexp_replace({{ normalize_key(zip) }}, r'^(\d{4})($|-?\d{4}$)', r'0\1\2'),
                        r'^(\d{3})($|-\d{4}$)', r'00\1\2'
                    ),
                    {{ normalize_key(zip) }}
                ),
                r'[^0-9]', ''
            ),
            1, 5
        ),
        ''
    )
{%- endmacro %}
