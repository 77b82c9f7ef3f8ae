{#- How much two people agree on each field, as a level of seed match_weights: the first that holds;
    null where one of the two is unknown. The columns are those of match_candidates, and of
    name_pairs for the two first names. -#}
{% macro first_name_level() -%}
case
    when contact_first_name_key in (first_name_key, preferred_name_key) then 'same'
    when first_name_key is null or contact_first_name_key is null then null
    when is_nickname then 'nickname'
    when not is_two_people and {{ is_prefix_of_other('first_name_key', 'contact_first_name_key', 3) }}
        then 'begins_with'
    when not is_two_people and {{ is_slip('first_name_key', 'contact_first_name_key') | indent(8) }}
        then 'close'
    when first_name_key = contact_last_name_key and last_name_key = contact_first_name_key
        then 'swapped'
    when is_swapped_close then 'swapped_close'
    when contact_first_name_key = middle_name_key and length(middle_name_key) > 1 then 'middle_name'
    when
        least(length(first_name_key), length(contact_first_name_key)) = 1
        and substr(first_name_key, 1, 1) = substr(contact_first_name_key, 1, 1)
        then 'initial'
    when is_two_people then 'different'
    when {{ is_alike('first_name_key', 'contact_first_name_key') | indent(8) }} then 'alike'
    when contact_first_name_key = substr(middle_name_key, 1, 1) then 'middle_initial'
    else 'different'
end
{%- endmacro %}

{#- birth_digits and contact_birth_digits are the dates as YYYYMMDD. -#}
{% macro birth_date_level() -%}
{%- set day_and_month = 'substr(birth_digits, 5)' -%}
{%- set contact_day_and_month = 'substr(contact_birth_digits, 5)' -%}
case
    when birth_date is null or contact_birth_date is null then null
    when birth_date = contact_birth_date then 'same'
    when
        birth_digits = concat(
            substr(contact_birth_digits, 1, 4),
            substr(contact_birth_digits, 7),
            substr(contact_birth_digits, 5, 2)
        )
        then 'swapped'
    when
        edit_distance(birth_digits, contact_birth_digits) = 1
        or (
            substr(birth_digits, 1, 4) = substr(contact_birth_digits, 1, 4)
            and {{ is_reordered(day_and_month, contact_day_and_month) | indent(12) }}
        )
        then 'one_digit'
    when {{ day_and_month }} = {{ contact_day_and_month }} then 'other_year'
    when edit_distance(birth_digits, contact_birth_digits) = 2 then 'two_digits'
    when abs(date_diff(birth_date, contact_birth_date, day)) > 15 * 365 then 'other_generation'
    else 'different'
end
{%- endmacro %}

{% macro suffix_level() -%}
case
    when name_suffix = contact_name_suffix then 'same'
    when name_suffix is null and contact_name_suffix is null then null
    when name_suffix is null or contact_name_suffix is null then 'one_has_none'
    else 'different'
end
{%- endmacro %}

{% macro last_name_level() -%}
case
    when last_name_key is null or contact_last_name_key is null then null
    when last_name_key = contact_last_name_key then 'same'
    when {{ is_slip('last_name_key', 'contact_last_name_key') | indent(8) }} then 'close'
    when {{ last_names_share('last_name_key', 'contact_last_name_key') | indent(8) }} then 'part'
    when first_name_key = contact_last_name_key and last_name_key = contact_first_name_key
        then 'swapped'
    when is_swapped_close then 'swapped_close'
    when {{ is_alike('last_name_key', 'contact_last_name_key') | indent(8) }} then 'alike'
    else 'different'
end
{%- endmacro %}

{% macro address_level() -%}
case
    when street_key is null or contact_street_key is null then null
    when street_key = contact_street_key then 'same'
    when house_number = contact_house_number and street_name = contact_street_name then 'other_unit'
    when
        (
            house_number = contact_house_number
            and {{ is_slip('street_name', 'contact_street_name') | indent(12) }}
        )
        or (
            street_name = contact_street_name
            and {{ is_slip('house_number', 'contact_house_number') | indent(12) }}
        )
        then 'close'
    when street_name = contact_street_name and zip_key = contact_zip_key then 'same_street'
    else 'different'
end
{%- endmacro %}

{% macro zip_level() -%}
case
    when zip_key is null or contact_zip_key is null then null
    when zip_key = contact_zip_key then 'same'
    when
        edit_distance(zip_key, contact_zip_key) = 1
        or {{ is_reordered('zip_key', 'contact_zip_key') | indent(8) }}
        then 'one_digit'
    else 'different'
end
{%- endmacro %}

{% macro city_level() -%}
case when city_key = contact_city_key then 'same' when city_key != contact_city_key then 'different' end
{%- endmacro %}

{% macro phone_level() -%}
{%- set pairs = [
    ['phone_key', 'contact_phone_key'], ['phone_key', 'contact_other_phone_key'],
    ['other_phone_key', 'contact_phone_key'], ['other_phone_key', 'contact_other_phone_key'],
] -%}
case
    {%- for one, other in pairs %}
    when {{ one }} = {{ other }} then 'same'
    {%- endfor %}
    {%- for one, other in pairs %}
    when edit_distance({{ one }}, {{ other }}) = 1 then 'one_digit'
    {%- endfor %}
    {%- for one, other in pairs %}
    when {{ one }} != {{ other }} then 'different'
    {%- endfor %}
end
{%- endmacro %}

{#- A lead's email that is made of the patient's name says so whatever the patient's own is; where the
    lead's own names make it, it says nothing that these do not. -#}
{% macro email_level() -%}
case
    when is_email_shared then 'same'
    when email_local = contact_email_local and length(email_local) >= 6 then 'same_local'
    when edit_distance(email_key, contact_email_key) = 1 then 'one_letter'
    when
        not is_email_of_own_name
        and contact_email_letters in (
            concat(first_name_key, last_name_key), concat(last_name_key, first_name_key)
        )
        then 'name'
    when
        not is_email_of_own_name
        and contact_email_letters in (
            concat(substr(first_name_key, 1, 1), last_name_key),
            concat(last_name_key, substr(first_name_key, 1, 1))
        )
        then 'initial_and_last_name'
    when email_key != contact_email_key then 'different'
end
{%- endmacro %}
