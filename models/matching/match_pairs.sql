-- What each pair of a patient and a contact that share a key is worth to each tier.
with patient_keys as (

    select * from {{ ref('match_patient_keys') }}

),

contact_keys as (

    select * from {{ ref('match_contact_keys') }}

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

-- One row per patient and contact that share a key; a patient without a contact keeps a row.
pairs as (

    select
        patient_keys.record_ref,
        patient_keys.natural_key,
        patient_keys.row_reason,
        patient_keys.email_key,
        patient_keys.first_name_key,
        patient_keys.last_name_key,
        patient_keys.mapped_id is not null as is_mapped,
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

final as (

    select
        record_ref,
        natural_key,
        row_reason,
        email_key,
        first_name_key is not null or last_name_key is not null as has_name,
        is_mapped,
        contact_id,
        owner_key,
        contact_id is not null and is_via_key as is_key_match,
        contact_id is not null and is_via_map as is_map_match,
        contact_id is not null and is_via_email as is_email_holder,
        -- Tier 0: a mapped contact that carries another key, that two patients are mapped to,
        -- or (mapped by the older implementation, which kept no hash) whose birth differs.
        is_via_map
        and coalesce(
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
        is_first_name_equal and is_last_name_equal and not is_birth_date_different as is_agreed,
        coalesce(
            strpos(concat(';', contact_additional_emails, ';'), concat(';', email_key, ';')) > 0,
            false
        ) as is_email_secondary,
    from compared_pairs

)

select * from final
