{#- A value in the one form in which AMD's and HubSpot's spellings of it are equal, by what the
    catalogue says of its property (columns of int_entity_rules); never null, blank for none. Without
    it a write would be repeated each night: HubSpot gives 1.0 back as 1, milliseconds as an ISO time,
    and a phone in a form of its own. -#}
{% macro compared_value(text, name) -%}
case
                when {{ text }} = '' then ''
                when {{ is_listed(name, 'times') }}
                    then coalesce({{ millis_of(text) }}, {{ text }})
                when {{ is_listed(name, 'numbers') }}
                    then coalesce({{ plain_number(text) }}, {{ text }})
                when {{ is_listed(name, 'phones') }}
                    then coalesce({{ plain_phone(text) }}, {{ text }})
                when {{ is_listed(name, 'choices') }} then {{ sorted_choices(text) }}
                when {{ is_listed(name, 'caseless') }} then lower({{ text }})
                else {{ text }}
            end
{%- endmacro %}

{#- An ISO date or instant, or epoch milliseconds, as milliseconds; null for other text. -#}
{% macro millis_of(text) -%}
    cast(coalesce(
                        safe_cast(regexp_extract({{ text }}, r'^-?[0-9]+$') as int64),
                        unix_millis(safe_cast({{ text }} as timestamp))
                    ) as string)
{%- endmacro %}

{#- 1, 1.0 and 1e0 are one number. More digits than a float holds are compared as they are written. -#}
{% macro plain_number(text) -%}
    if(
                        char_length({{ text }}) <= 15,
                        cast(safe_cast({{ text }} as float64) + 0 as string),
                        {{ without_trailing_zeros(text) }}
                    )
{%- endmacro %}

{#- The digits of a phone number and of its extension, without the country's own code; null where there
    are none. -#}
{% macro plain_phone(text) -%}
    {%- set digits = "regexp_replace(regexp_replace(lower(" ~ text ~ "), r'x|ext', 'x'), r'[^0-9x]', '')" -%}
    {%- set country = var('phone_country_code', '1') -%}
    regexp_replace(
                        nullif(trim({{ digits }}, 'x'), ''),
                        {%- if country == '1' %}
                        r'^1([2-9][0-9]{9})(x|$)',
                        {%- else %}
                        r'^(?:{{ country }}|0+)([1-9][0-9]{5,11})(x|$)',
                        {%- endif %}
                        r'\1\2'
                    )
{%- endmacro %}

{#- What is chosen of several options, in one order. -#}
{% macro sorted_choices(text) -%}
    array_to_string(array(
                        select trim(choice)
                        from unnest(split({{ text }}, ';')) as choice
                        order by trim(choice)
                    ), ';')
{%- endmacro %}
