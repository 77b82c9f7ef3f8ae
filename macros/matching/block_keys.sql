{#- The keys by which patients and contacts may be compared in the search for suspects, the same for
    both sides (seed match_blocks says which rules count, and why). `of` stands before the columns of a
    contact. The conditions are inside the keys: a part that is null is no key. -#}
{% macro block_keys(of='') -%}
{%- set birth = 'cast(' ~ of ~ 'birth_date as string)' -%}
{%- set first, last = of ~ 'first_name_key', of ~ 'last_name_key' -%}
{%- set zip, house = of ~ 'zip_key', of ~ 'house_number' -%}
{%- set keys = [
    match_key('birth_first', [birth, 'substr(' ~ first ~ ', 1, 1)']),
    match_key('birth_last', [birth, 'substr(' ~ last ~ ', 1, 1)']),
    match_key('birth_zip', [birth, zip]),
    match_key('birth_house', [birth, house]),
    match_key('last_zip', [last, zip]),
    match_key('first_last', [first, last]),
    match_key('first_last', [first, of ~ 'last_name_first_part']),
    match_key('first_last', [first, of ~ 'last_name_last_part']),
    match_key('first_zip', [first, zip]),
    match_key('sound', ['nullif(soundex(' ~ last ~ "), '')", 'substr(' ~ first ~ ', 1, 2)']),
    match_key('house_zip', [house, zip]),
    match_key('house_city', [house, of ~ 'city_key']),
    match_key('street_zip', [of ~ 'street_name', zip]),
    match_key('phone', [of ~ 'phone_key']),
    match_key('phone', ['nullif(' ~ of ~ 'other_phone_key, ' ~ 'coalesce(' ~ of ~ "phone_key, ''))"]),
    match_key('email_local', ['regexp_extract(' ~ of ~ "email_local, r'^.{6,}$')"]),
] -%}
{{ keys | join(',\n') }}
{%- endmacro %}

{#- Those of a patient alone: the name that the patient goes by, first and last name in each other's
    place, and what the letters of a person's email are made of. -#}
{% macro patient_block_keys() -%}
{%- set first, last = 'first_name_key', 'last_name_key' -%}
{%- set preferred = 'nullif(preferred_name_key, first_name_key)' -%}
{%- set letters = [
    'concat(first_name_key, last_name_key)',
    'concat(last_name_key, first_name_key)',
    'concat(substr(first_name_key, 1, 1), last_name_key)',
] -%}
{%- set keys = [
    match_key('birth_alone', ["'contact'", 'cast(birth_date as string)']),
    match_key('birth_alone', ["'patient'", birth_of_nameless()]),
    match_key('first_last', [preferred, last]),
    match_key('first_last', [preferred, 'last_name_first_part']),
    match_key('first_last', [preferred, 'last_name_last_part']),
    match_key('first_last', [last, first]),
    match_key('first_zip', [preferred, 'zip_key']),
    match_key('first_zip', [last, 'zip_key']),
    match_key('email', ['email_key']),
] -%}
{%- for name in letters -%}
    {%- do keys.append(match_key('email_name', ['regexp_extract(' ~ name ~ ", r'^.{6,}$')"])) -%}
{%- endfor -%}
{{ keys | join(',\n') }}
{%- endmacro %}

{#- Those of a contact alone; the letters of its email never meet another email's. -#}
{% macro contact_block_keys() -%}
{%- set keys = [
    match_key('birth_alone', ["'contact'", birth_of_nameless('contact_')]),
    match_key('birth_alone', ["'patient'", 'cast(contact_birth_date as string)']),
    match_key('email_name', ["regexp_extract(contact_email_letters, r'^.{6,}$')"]),
] -%}
{{ keys | join(',\n') }}
{%- endmacro %}

{#- A date of birth, where a name is missing beside it. -#}
{% macro birth_of_nameless(of='') -%}
if({{ of }}first_name_key is null or {{ of }}last_name_key is null, cast({{ of }}birth_date as string), null)
{%- endmacro %}
