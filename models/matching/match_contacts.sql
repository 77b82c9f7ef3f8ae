{%- set name_and_birth_date = [
    'first_name_key', 'last_name_key', 'cast(birth_date as string)'
] %}
{%- set address = ['street_key', 'city_key', 'state_key', 'zip_key'] %}
{%- set key_property = setting('PATIENT_NATURAL_ID_PROP') -%}
-- Which HubSpot contact, if any, is each patient's? Read it top down: keys, pairs that share a
-- key, the first tier that resolves, then the rules across patients.

with patients as (

    select * from {{ ref('outbox_contacts') }}

),

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = 'patients'

),

nicknames as (

    select * from {{ ref('nicknames') }}

),

nickname_pairs as (

    select
        name_key as one_name,
        nickname_key as other_name,
    from nicknames
    union distinct
    select
        nickname_key as one_name,
        name_key as other_name,
    from nicknames

),

-- ---------------------------------------------------------------------------- keys

patients_with_map as (

    select
        patients.record_ref,
        patients.natural_key,
        patients.row_reason,
        patients.email_key,
        patients.first_name_key,
        patients.last_name_key,
        patients.birth_date,
        patients.street_key,
        patients.city_key,
        patients.state_key,
        patients.zip_key,
        id_map.hubspot_id as mapped_id,
        id_map.payload_hash as mapped_hash,
    from patients
    -- The condition stands within the key: beside it, DuckDB compares all rows with all.
    left join id_map
        on if(patients.row_reason is null, patients.natural_key, null) = id_map.natural_key

),

-- Tier 3 asks for an equal first name or an equal date of birth beside the address; with
-- either inside the key, a crowded address costs no more than any other. The first key meets
-- nothing: it keeps a patient who has no other.
patient_keys as (

    select
        patients_with_map.*,
        match_key,
    from patients_with_map
    cross join
        unnest([
            {{ match_key('row', ['record_ref']) }},
            {{ match_key('key', ['natural_key']) }},
            {{ match_key('id', ['mapped_id']) }},
            {{ match_key('email', ['email_key']) }},
            {{ match_key('name_dob', name_and_birth_date) }},
            {{ match_key('address_name', address + ['first_name_key']) }},
            {{ match_key('address_dob', address + ['cast(birth_date as string)']) }}
        ]) as match_key
    where
        match_key is not null
        and (row_reason is null or starts_with(match_key, 'row:'))

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

contact_keys as (

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

),

-- --------------------------------------------------------------------------- pairs

-- One row per patient and contact that share a key; a patient without a contact keeps a row.
pairs as (

    select
        patient_keys.record_ref,
        patient_keys.natural_key,
        patient_keys.row_reason,
        patient_keys.email_key,
        patient_keys.first_name_key,
        patient_keys.last_name_key,
        patient_keys.mapped_id,
        patient_keys.mapped_hash,
        contact_keys.hubspot_id as contact_id,
        contact_keys.patient_key as contact_patient_key,
        contact_keys.first_mapped_key,
        contact_keys.last_mapped_key,
        contact_keys.first_name_key as contact_first_name_key,
        contact_keys.last_name_key as contact_last_name_key,
        contact_keys.additional_emails as contact_additional_emails,
        {{ both_known_and_equal(
            'patient_keys.birth_date', 'contact_keys.birth_date'
        ) }} as is_birth_date_equal,
        {{ both_known_and_differ(
            'patient_keys.birth_date', 'contact_keys.birth_date'
        ) }} as is_birth_date_different,
        logical_or(starts_with(patient_keys.match_key, 'key:')) over (pair) as is_via_key,
        logical_or(starts_with(patient_keys.match_key, 'id:')) over (pair) as is_via_map,
        logical_or(starts_with(patient_keys.match_key, 'email:')) over (pair) as is_via_email,
        logical_or(starts_with(patient_keys.match_key, 'name_dob:')) over (pair) as is_via_name,
        logical_or(starts_with(patient_keys.match_key, 'address_')) over (pair) as is_via_address,
    from patient_keys
    left join contact_keys
        on patient_keys.match_key = contact_keys.match_key
    -- Of the keys that meet nothing the first one does for all, and they are most of the keys.
    where contact_keys.hubspot_id is not null or starts_with(patient_keys.match_key, 'row:')
    qualify row_number() over (pair order by patient_keys.match_key) = 1
    window pair as (partition by patient_keys.record_ref, contact_keys.hubspot_id)

),

compared_pairs as (

    select
        pairs.*,
        {{ both_known_and_equal('first_name_key', 'contact_first_name_key') }}
            as is_first_name_equal,
        {{ both_known_and_equal('last_name_key', 'contact_last_name_key') }}
            as is_last_name_equal,
        nickname_pairs.one_name is not null as is_nickname,
        coalesce(contact_patient_key != natural_key, false)
        or coalesce(first_mapped_key != natural_key, false)
        or coalesce(last_mapped_key != natural_key, false) as is_owned_by_other,
        coalesce(
            contact_patient_key,
            if(first_mapped_key = natural_key, last_mapped_key, first_mapped_key)
        ) as owner_key,
    from pairs
    left join nickname_pairs
        on
            pairs.first_name_key = nickname_pairs.one_name
            and pairs.contact_first_name_key = nickname_pairs.other_name

),

-- What each pair is worth to each tier.
judged_pairs as (

    select
        *,
        -- Tier 0: a mapped contact that carries another key, that two patients are mapped to,
        -- or (mapped by the older implementation, which kept no hash) whose birth differs.
        coalesce(
            contact_patient_key != natural_key
            or first_mapped_key != last_mapped_key
            or (mapped_hash is null and is_birth_date_different),
            false
        ) as is_map_conflict,
        contact_id is not null and is_via_email and not is_owned_by_other as is_email_match,
        is_birth_date_different
        or (
            not is_birth_date_equal
            and contact_first_name_key is not null
            and not (
                is_first_name_equal
                or is_nickname
                or {{ is_prefix_of_other('first_name_key', 'contact_first_name_key') }}
            )
        ) as is_identity_conflict,
        contact_id is not null and is_via_name and not is_owned_by_other as is_name_match,
        contact_id is not null and is_via_address and not is_owned_by_other
        and (is_first_name_equal or is_birth_date_equal)
        and not is_birth_date_different
        and (
            is_first_name_equal
            or first_name_key is null
            or contact_first_name_key is null
            or {{ is_prefix_of_other(
                'first_name_key', 'contact_first_name_key', min_letters=2
            ) }}
        )
        and (
            is_last_name_equal
            or is_birth_date_equal
            or last_name_key is null
            or contact_last_name_key is null
        ) as is_address_match,
    from compared_pairs

),

-- --------------------------------------------------------------------------- tiers

counted as (

    select
        *,
        count(if(contact_id is not null and is_via_key, 1, null)) over (patient) as key_matches,
        min(if(is_via_key, contact_id, null)) over (patient) as key_contact_id,
        min(if(is_via_map, contact_id, null)) over (patient) as mapped_contact_id,
        coalesce(
            logical_or(is_via_map and is_map_conflict) over (patient), false
        ) as has_map_conflict,
        count(if(is_email_match, 1, null)) over (patient) as email_matches,
        min(if(is_email_match, contact_id, null)) over (patient) as email_contact_id,
        coalesce(
            logical_or(is_email_match and is_identity_conflict) over (patient), false
        ) as has_identity_conflict,
        count(if(is_name_match, 1, null)) over (patient) as name_matches,
        min(if(is_name_match, contact_id, null)) over (patient) as name_contact_id,
        count(if(is_address_match, 1, null)) over (patient) as address_matches,
        min(if(is_address_match, contact_id, null)) over (patient) as address_contact_id,
        count(if(is_via_email, contact_id, null)) over (patient) as email_holders,
        min(if(is_via_email and contact_id is not null, owner_key, null)) over (patient)
            as email_holder_key,
    from judged_pairs
    window patient as (partition by record_ref)

),

-- The first tier that resolves decides.
tiers as (

    select
        *,
        case
            when row_reason is not null then null
            when key_matches > 0 or mapped_contact_id is not null then 0
            when email_matches > 0 then 1
            when name_matches > 0 then 2
            when address_matches > 0 then 3
            else 4
        end as match_tier,
        mapped_id is not null as is_mapped,
    from counted

),

resolved as (

    select
        *,
        case match_tier
            when 0 then coalesce(key_contact_id, mapped_contact_id)
            when 1 then email_contact_id
            when 2 then name_contact_id
            when 3 then address_contact_id
        end as hubspot_id,
        case
            when row_reason is not null then row_reason
            when match_tier = 0 and key_matches > 1 then 'ambiguous_patient_id'
            when match_tier = 0 and key_matches = 0 and has_map_conflict then 'id_map_conflict'
            when match_tier = 1 and email_matches > 1 then 'ambiguous_email'
            when match_tier = 1 and has_identity_conflict then 'identity_conflict'
            when match_tier = 2 and name_matches > 1 then 'ambiguous_name_dob'
            when match_tier = 3 and address_matches > 1 then 'ambiguous_address'
            when match_tier < 4 then null
            {%- if not var('recreate_deleted') %}
            when is_mapped then 'deleted_in_hubspot'
            {%- endif %}
            {%- if not var('create_without_email') %}
            when email_holders > 0 then 'email_held_by_other_patient'
            {%- endif %}
            when first_name_key is null and last_name_key is null and (
                email_key is null or email_holders > 0
            ) then 'missing_name'
            {%- if not var('create_without_email') %}
            when email_key is null then 'no_email_no_match'
            {%- endif %}
        end as tier_reason,
    from tiers

),

-- One row per patient: the pair with the contact that was found, if one was.
patients_resolved as (

    select *
    from resolved
    qualify
        row_number() over (
            partition by record_ref
            order by
                coalesce(contact_id = hubspot_id, false) desc,
                coalesce(contact_id, '') desc
        ) = 1

),

-- ----------------------------------------------------------------- across patients

source_keys as (

    select distinct natural_key
    from patients
    where natural_key is not null

),

rivals as (

    select
        patients_resolved.*,
        email_holders - if(is_via_email and contact_id = hubspot_id, 1, 0) as other_email_holders,
        tier_reason is null and match_tier in (1, 2, 3) as is_first_match,
        is_first_name_equal and is_last_name_equal and not is_birth_date_different as is_agreed,
        tier_reason = 'email_held_by_other_patient' and source_keys.natural_key is null
            as is_holder_vanished,
    from patients_resolved
    left join source_keys
        on patients_resolved.email_holder_key = source_keys.natural_key

),

contested as (

    select
        *,
        case
            when is_holder_vanished then 'email_held_by_vanished_patient'
            when tier_reason is not null then tier_reason
            when
                is_first_match
                and count(if(is_first_match, 1, null)) over (contact) > 1
                and not (
                    is_agreed
                    and count(if(is_first_match and is_agreed, 1, null)) over (contact) = 1
                )
                then 'contested_contact'
        end as contact_reason,
    from rivals
    window contact as (partition by coalesce(hubspot_id, record_ref))

),

email_owners as (

    select
        *,
        other_email_holders > 0 as is_email_held,
        coalesce(
            hubspot_id is not null
            and strpos(
                concat(';', contact_additional_emails, ';'), concat(';', email_key, ';')
            ) > 0,
            false
        ) as is_email_secondary,
    from contested

),

email_writers as (

    select
        *,
        contact_reason is null
        and email_key is not null
        and not is_email_held
        and not is_email_secondary as is_writing_email,
    from email_owners

),

email_rivals as (

    select
        *,
        count(if(is_writing_email and hubspot_id is null, 1, null)) over (email)
            as creates_with_email,
        count(if(is_writing_email and hubspot_id is not null, 1, null)) over (email)
            as updates_with_email,
    from email_writers
    window email as (partition by coalesce(email_key, record_ref))

),

decided as (

    select
        *,
        case
            when contact_reason is not null then contact_reason
            when
                hubspot_id is null
                and is_writing_email
                and creates_with_email + updates_with_email > 1
                then 'shared_email_in_source'
        end as reason,
        hubspot_id is not null
        and (is_email_held or (is_writing_email and updates_with_email > 1)) as is_email_withheld,
    from email_rivals

),

final as (

    select
        record_ref,
        natural_key,
        'patients' as entity,
        match_tier,
        reason,
        if(coalesce(starts_with(reason, 'ambiguous'), false), null, hubspot_id) as hubspot_id,
        false as is_protected,
        if(reason is null and is_email_withheld, ['email_withheld'], []) as match_warnings,
        if(
            reason is null
            and email_key is not null
            and (is_email_withheld or is_email_secondary or is_email_held),
            ['email'],
            []
        ) as withheld_properties,
        case
            when reason is not null then []
            when match_tier = 1 then [
                '{{ key_property }}', 'email', 'hs_additional_emails',
                'firstname', 'ncf_date_of_birth'
            ]
            when match_tier = 2 then [
                '{{ key_property }}', 'firstname', 'lastname', 'ncf_date_of_birth'
            ]
            when match_tier = 3 then [
                '{{ key_property }}', 'address', 'street_address_line_2', 'city', 'state', 'zip',
                'firstname', 'lastname', 'ncf_date_of_birth'
            ]
            else []
        end as guard_properties,
    from decided

)

select * from final
