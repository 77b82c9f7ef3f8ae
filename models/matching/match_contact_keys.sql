{%- set name_and_birth_date = [
    'first_name_key', 'last_name_key', 'cast(birth_date as string)'
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
        contacts.*,
        contact_claims.first_mapped_key,
        contact_claims.last_mapped_key,
    from contacts
    left join contact_claims
        on contacts.hubspot_id = contact_claims.hubspot_id

),

final as (

    select
        claimed_contacts.*,
        match_key,
    from claimed_contacts
    cross join
        unnest(array_concat(
            [
                {{ match_key('key', ['patient_key']) }},
                {{ match_key('id', ['hubspot_id']) }},
                {{ match_key('name_dob', name_and_birth_date) }},
                {{ match_key('address_name', address + ['first_name_key']) }},
                {{ match_key('address_dob', address + ['cast(birth_date as string)']) }}
            ],
            split(concat('email:', replace(all_emails, ';', ';email:')), ';')
        )) as match_key
    where match_key is not null

)

select * from final
