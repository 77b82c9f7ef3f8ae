-- What each pair of a patient and a contact that share a key is worth to each tier.
with patient_keys as (

    select * from {{ ref('match_patient_keys') }}

),

contact_keys as (

    select * from {{ ref('match_contact_keys') }}

),

name_pairs as (

    select * from {{ ref('name_pairs') }}

),

decisions as (

    select * from {{ ref('int_match_decisions') }}

),

-- One row per patient and contact that share a key; a patient without a contact keeps a row.
pairs as (

    select
        patient_keys.* except (match_key),
        contact_keys.* except (match_key),
        logical_or(starts_with(patient_keys.match_key, 'key:')) over (pair) as is_via_key,
        logical_or(starts_with(patient_keys.match_key, 'id:')) over (pair) as is_via_map,
        logical_or(starts_with(patient_keys.match_key, 'decided:')) over (pair) as is_via_decision,
        logical_or(starts_with(patient_keys.match_key, 'email:')) over (pair) as is_via_email,
        logical_or(starts_with(patient_keys.match_key, 'name_dob:')) over (pair) as is_via_name,
        logical_or(starts_with(patient_keys.match_key, 'address_')) over (pair) as is_via_address,
    from patient_keys
    left join contact_keys
        on patient_keys.match_key = contact_keys.match_key
    -- Of the keys that meet nothing the first one does for all, and they are most of the keys.
    where contact_keys.contact_id is not null or starts_with(patient_keys.match_key, 'row:')
    qualify row_number() over (pair order by patient_keys.match_key) = 1
    window pair as (partition by patient_keys.record_ref, contact_keys.contact_id)

),

named_pairs as (

    select
        pairs.*,
        coalesce(decisions.is_different, false) as is_decided_different,
        name_pairs.is_nickname,
        name_pairs.is_nickname_of_one,
        name_pairs.is_two_people,
        {{ both_known_and_equal('birth_date', 'contact_birth_date') }} as is_birth_date_equal,
        {{ both_known_and_differ('birth_date', 'contact_birth_date') }} as is_birth_date_different,
    from pairs
    left join name_pairs
        on
            pairs.first_name_key = name_pairs.one_name
            and pairs.contact_first_name_key = name_pairs.other_name
    left join decisions
        on pairs.natural_key = decisions.natural_key and pairs.contact_id = decisions.hubspot_id

),

compared_pairs as (

    select
        *,
        contact_id is not null as has_contact,
        {{ both_known_and_equal('first_name_key', 'contact_first_name_key') }}
            as is_first_name_equal,
        {{ is_compatible_name(
            'first_name_key',
            'contact_first_name_key',
            preferred='preferred_name_key',
            middle='if(is_birth_date_equal, middle_name_key, null)',
            is_maybe_twin='(is_birth_date_equal and is_under_25)',
        ) | indent(8) }} as is_first_name_compatible,
        first_name_key is null or contact_first_name_key is null as is_first_name_unknown,
        {{ both_known_and_equal('last_name_key', 'contact_last_name_key') }} as is_last_name_equal,
        last_name_key is null or contact_last_name_key is null as is_last_name_unknown,
        {{ last_names_share('last_name_key', 'contact_last_name_key') | indent(8) }}
            as is_last_name_shared,
        {{ both_known_and_differ('name_suffix', 'contact_name_suffix') }} as is_suffix_different,
        contact_first_name_key is null
        and contact_last_name_key is null
        and contact_birth_date is null as is_contact_sparse,
        coalesce(contact_patient_key != natural_key, false)
        or coalesce(first_mapped_key != natural_key or last_mapped_key != natural_key, false)
            as is_owned_by_other,
        coalesce(first_decided_key != natural_key or last_decided_key != natural_key, false)
            as is_promised_to_other,
        coalesce(
            contact_patient_key, if(first_mapped_key = natural_key, last_mapped_key, first_mapped_key)
        ) as owner_key,
    from named_pairs

),

judged_pairs as (

    select
        *,
        has_contact and not is_owned_by_other and not is_promised_to_other as is_free,
        -- Families share an email. The contact must be told from all the others who may use it.
        is_birth_date_different
        or is_suffix_different
        or (is_minor and not is_birth_date_equal)
        or case
            when not is_first_name_unknown then not is_first_name_compatible
            when is_contact_sparse then is_minor
            else not is_birth_date_equal or is_under_25
        end
        or not (is_last_name_unknown or is_last_name_shared or is_birth_date_equal)
            as is_identity_conflict,
        is_via_name and not is_suffix_different and not is_decided_different as is_found_by_name,
        -- A household is not a match.
        is_via_address and not is_suffix_different and not is_decided_different
        and (
            (is_birth_date_equal and is_first_name_compatible)
            {%- if var('match_address_without_birth_date') %}
            or (
                (is_first_name_equal or is_birth_date_equal)
                and not is_birth_date_different
                and (
                    is_first_name_equal
                    or is_first_name_unknown
                    or {{ is_prefix_of_other(
                        'first_name_key', 'contact_first_name_key', min_letters=2
                    ) }}
                )
                and (is_last_name_equal or is_birth_date_equal or is_last_name_unknown)
            )
            {%- endif %}
        ) as is_found_by_address,
    from compared_pairs

),

final as (

    select
        record_ref,
        natural_key,
        row_reason,
        email_key,
        first_name_key is not null or last_name_key is not null as has_name,
        mapped_id is not null as is_mapped,
        contact_id,
        owner_key,
        has_contact and is_via_key as is_key_match,
        has_contact and is_via_map as is_map_match,
        has_contact and is_via_email as is_email_holder,
        -- Tier 0: a mapped contact that carries another key, that two patients are mapped to,
        -- or (mapped by the older implementation, which kept no hash) whose birth differs.
        is_via_map
        and coalesce(
            contact_patient_key != natural_key
            or first_mapped_key != last_mapped_key
            or (mapped_hash is null and is_birth_date_different),
            false
        ) as is_map_conflict,
        has_contact and is_via_decision as is_decision_match,
        -- A person's word, too, takes no contact from a patient whose it is.
        is_via_decision and (is_owned_by_other or is_promised_to_other) as is_decision_conflict,
        -- Nor does it take back the key that the contact carries: that is another person's word.
        has_contact and is_via_key and is_decided_different as is_key_denied,
        is_identity_conflict,
        is_free and is_via_email and not is_decided_different as is_email_match,
        is_free and is_found_by_name as is_name_match,
        is_free and is_found_by_address as is_address_match,
        -- A tier would have found it, were it not another's who is no longer there.
        has_contact
        and is_owned_by_other
        and owner_state != 'live'
        and (
            (is_via_email and not is_identity_conflict and not is_decided_different)
            or is_found_by_name or is_found_by_address
        ) as is_vanished_match,
        if(is_promised_to_other, 'live', owner_state) as owner_state,
        is_first_name_equal
        and is_last_name_equal
        and not is_birth_date_different
        and not is_suffix_different as is_agreed,
        coalesce(
            strpos(concat(';', contact_additional_emails, ';'), concat(';', email_key, ';')) > 0,
            false
        ) as is_email_secondary,
        is_birth_date_equal,
        is_found_by_address,
        contact_patient_key is not null
        or coalesce(first_mapped_key = last_mapped_key, false) as is_owner_one,
        {{ both_known_and_equal('phone_key', 'contact_phone_key') }} as is_phone_equal,
        {{ both_known_and_equal('chart_key', 'contact_chart_key') }} as is_chart_equal,
    from judged_pairs

)

select * from final
