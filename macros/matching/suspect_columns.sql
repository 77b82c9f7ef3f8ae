{#- The match columns that the search for suspects compares; a contact's have contact_ before them. -#}
{% macro suspect_columns() %}
    {{ return([
        'first_name_key', 'last_name_key', 'last_name_first_part', 'last_name_last_part',
        'name_suffix', 'birth_date', 'phone_key', 'other_phone_key', 'email_key', 'email_local',
        'email_letters', 'street_key', 'house_number', 'street_name', 'city_key', 'zip_key',
    ]) }}
{% endmacro %}

{#- Those whose value is weaker evidence, the more contacts have it. -#}
{% macro counted_columns() %}
    {{ return(['first_name_key', 'last_name_key', 'birth_date', 'street_key', 'phone_key']) }}
{% endmacro %}

{#- So many suspects of a patient are shown, and asked about. -#}
{% macro most_suspects() -%}
    5
{%- endmacro %}
