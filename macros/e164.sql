{#- A phone number in the form that HubSpot's validation rule for phones wants (E.164), without its
    extension; null where it cannot be one. Numbers without a country code are of the country of
    var phone_country_code. -#}
{% macro e164(phone) -%}
    {%- set number = "regexp_replace(" ~ phone ~ ", r'(?i)\\s*(?:x|ext)[^0-9]*[0-9]*\\s*$', '')" -%}
    {%- set digits = "regexp_replace(" ~ number ~ ", r'[^0-9]', '')" -%}
    {%- set country = var('phone_country_code', '1') -%}
    case
        when regexp_contains({{ phone }}, r'^\s*\+') then
            regexp_extract(concat('+', {{ digits }}), r'^\+[1-9][0-9]{6,14}$')
        {%- if country == '1' %}
        else concat('+1', regexp_extract({{ digits }}, r'^1?([2-9][0-9]{2}[2-9][0-9]{6})$'))
        {%- else %}
        else concat('+{{ country }}', regexp_extract({{ digits }}, r'^0*([1-9][0-9]{5,11})$'))
        {%- endif %}
    end
{%- endmacro %}
