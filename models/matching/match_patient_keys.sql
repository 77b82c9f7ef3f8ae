{%- set name_and_birth_date = [
    'first_name_key', 'last_name_key', 'cast(birth_date as string)'
] %}
{%- set address = ['street_key', 'city_key', 'state_key', 'zip_key'] -%}
-- What each patient may be found by. Tier 3 asks for an equal date of birth beside the address;
-- with it inside the key, a crowded address costs no more than any other.
with patients as (

    select * from {{ ref('outbox_contacts') }}

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = 'patients'

),

decisions as (

    select
        natural_key,
        array_agg(
            if(is_same, {{ match_key('decided', ['hubspot_id']) }}, null) ignore nulls
        ) as decided_keys,
        array_agg(if(is_different, hubspot_id, null) ignore nulls) as other_peoples_ids,
    from {{ ref('int_match_decisions') }}
    group by natural_key

),

patients_with_map as (

    select
        patients.record_ref,
        patients.natural_key,
        patients.row_reason,
        patients.email_key,
        patients.first_name_key,
        patients.preferred_name_key,
        patients.middle_name_key,
        patients.last_name_key,
        patients.last_name_first_part,
        patients.last_name_last_part,
        patients.name_suffix,
        patients.birth_date,
        patients.phone_key,
        patients.chart_key,
        patients.is_minor,
        patients.is_under_25,
        patients.street_key,
        patients.city_key,
        patients.state_key,
        patients.zip_key,
        -- A person's word that it is somebody else's ends what the id map says.
        if(
            id_map.hubspot_id in unnest(decisions.other_peoples_ids), null, id_map.hubspot_id
        ) as mapped_id,
        id_map.payload_hash as mapped_hash,
        decisions.decided_keys,
    from patients
    -- The condition stands within the key: beside it, DuckDB compares all rows with all.
    left join id_map
        on if(patients.row_reason is null, patients.natural_key, null) = id_map.natural_key
    left join decisions
        on patients.natural_key = decisions.natural_key

),

-- The first key meets nothing: it keeps a patient who has no other.
final as (

    select
        patients_with_map.* except (decided_keys),
        match_key,
    from patients_with_map
    cross join
        unnest(array_concat([
            {{ match_key('row', ['record_ref']) }},
            {{ match_key('key', ['natural_key']) }},
            {{ match_key('id', ['mapped_id']) }},
            {{ match_key('email', ['email_key']) }},
            {{ match_key('name_dob', name_and_birth_date) }},
            {%- if var('match_address_without_birth_date') %}
            {{ match_key('address_name', address + ['first_name_key']) }},
            {%- endif %}
            {{ match_key('address_dob', address + ['cast(birth_date as string)']) }}
        ], coalesce(decided_keys, []))) as match_key
    where
        match_key is not null
        and (row_reason is null or starts_with(match_key, 'row:'))

)

select * from final
