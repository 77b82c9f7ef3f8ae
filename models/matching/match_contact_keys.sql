{%- set name_and_birth_date = [
    'contact_first_name_key', 'contact_last_name_key', 'cast(contact_birth_date as string)'
] %}
{%- set address = ['street_key', 'city_key', 'state_key', 'zip_key'] -%}
-- What each live contact may be found by, spelt as in match_patient_keys, and whose it is.
with contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = 'patients'

),

contact_claims as (

    select
        hubspot_id,
        min(natural_key) as first_mapped_key,
        max(natural_key) as last_mapped_key,
    from id_map
    group by hubspot_id

),

claimed_contacts as (

    select
        contacts.hubspot_id as contact_id,
        contacts.patient_key as contact_patient_key,
        contact_claims.first_mapped_key,
        contact_claims.last_mapped_key,
        contacts.all_emails,
        contacts.additional_emails as contact_additional_emails,
        contacts.first_name_key as contact_first_name_key,
        contacts.last_name_key as contact_last_name_key,
        contacts.last_name_first_part as contact_last_name_first_part,
        contacts.last_name_last_part as contact_last_name_last_part,
        contacts.name_suffix as contact_name_suffix,
        contacts.birth_date as contact_birth_date,
        contacts.street_key,
        contacts.city_key,
        contacts.state_key,
        contacts.zip_key,
    from contacts
    left join contact_claims
        on contacts.hubspot_id = contact_claims.hubspot_id

),

final as (

    select
        claimed_contacts.* except (all_emails, street_key, city_key, state_key, zip_key),
        match_key,
    from claimed_contacts
    cross join
        unnest(array_concat(
            [
                {{ match_key('key', ['contact_patient_key']) }},
                {{ match_key('id', ['contact_id']) }},
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
