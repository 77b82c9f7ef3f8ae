{#- What the search for suspects compares of an address and an email, the same on both sides, out of
    street_key and email_key: the house number, the street's name without number, unit and kind of
    street, what stands before the @ (without a +tag; letters and digits), its letters alone. -#}
{% macro contact_detail_columns(street_key, email_key) -%}
{%- set local = "regexp_replace(regexp_extract(" ~ email_key ~ ", r'^([^@+]*)'), r'[^a-z0-9]', '')" -%}
regexp_extract({{ street_key }}, r'^[0-9]+[a-z]?\b') as house_number,
regexp_extract(
    regexp_replace(
        {{ street_key }}, r' (?:apt|bldg|dept|fl|lot|rm|spc|ste|trlr|unit)\b.*$', ''
    ),
    r'^(?:[0-9]+[a-z]? )?(.+)$'
) as street_name,
nullif({{ local }}, '') as email_local,
nullif(regexp_replace({{ local }}, r'[0-9]', ''), '') as email_letters
{%- endmacro %}
