{%- set name_and_birth_date = [
    'contact_first_name_key', 'contact_last_name_key', 'cast(contact_birth_date as string)'
] %}
{%- set address = [
    'contact_street_key', 'contact_city_key', 'contact_state_key', 'contact_zip_key'
] -%}
-- What each live contact may be found by, spelt as in match_patient_keys.
with contacts as (

    select * from {{ ref('match_contact_owners') }}

),

final as (

    select
        contact_id,
        contact_patient_key,
        owner_state,
        first_mapped_key,
        last_mapped_key,
        first_decided_key,
        last_decided_key,
        contact_additional_emails,
        contact_first_name_key,
        contact_last_name_key,
        contact_last_name_first_part,
        contact_last_name_last_part,
        contact_name_suffix,
        contact_birth_date,
        contact_phone_key,
        contact_chart_key,
        match_key,
    from contacts
    cross join
        unnest(array_concat(
            [
                {{ match_key('key', ['contact_patient_key']) }},
                {{ match_key('id', ['contact_id']) }},
                if(first_decided_key is null, null, {{ match_key('decided', ['contact_id']) }}),
                {{ match_key('name_dob', name_and_birth_date) }},
                {%- if var('match_address_without_birth_date') %}
                {{ match_key('address_name', address + ['contact_first_name_key']) }},
                {%- endif %}
                {{ match_key('address_dob', address + ['cast(contact_birth_date as string)']) }}
            ],
            split(concat('email:', replace(all_emails, ';', ';email:')), ';')
        )) as match_key
    where match_key is not null

)

select * from final
