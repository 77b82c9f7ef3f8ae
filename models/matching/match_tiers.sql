-- The first tier that resolves decides.
with pairs as (

    select * from {{ ref('match_pairs') }}

),

counted as (

    select
        *,
        count(if(is_key_match, 1, null)) over (patient) as key_matches,
        min(if(is_key_match, contact_id, null)) over (patient) as key_contact_id,
        min(if(is_map_match, contact_id, null)) over (patient) as mapped_contact_id,
        count(if(is_map_conflict, 1, null)) over (patient) as map_conflicts,
        count(if(is_decision_match, 1, null)) over (patient) as decision_matches,
        min(if(is_decision_match, contact_id, null)) over (patient) as decided_contact_id,
        count(if(is_decision_conflict, 1, null)) over (patient) as decision_conflicts,
        count(if(is_key_denied, 1, null)) over (patient) as keys_denied,
        count(if(is_email_match, 1, null)) over (patient) as email_matches,
        min(if(is_email_match, contact_id, null)) over (patient) as email_contact_id,
        count(if(is_email_match and is_identity_conflict, 1, null)) over (patient)
            as identity_conflicts,
        count(if(is_name_match, 1, null)) over (patient) as name_matches,
        min(if(is_name_match, contact_id, null)) over (patient) as name_contact_id,
        count(if(is_address_match, 1, null)) over (patient) as address_matches,
        min(if(is_address_match, contact_id, null)) over (patient) as address_contact_id,
        count(if(is_email_holder, 1, null)) over (patient) as email_holders,
        count(if(is_email_holder and owner_state = 'live', 1, null)) over (patient)
            as live_email_holders,
        count(if(is_email_holder and owner_state is not null, 1, null)) over (patient)
            as owned_email_holders,
        count(if(is_vanished_match, 1, null)) over (patient) as vanished_matches,
        string_agg(
            if(
                is_key_match or is_map_match or is_map_conflict or is_email_match or is_name_match
                or is_address_match or is_email_holder or is_vanished_match or is_decision_match,
                contact_id,
                null
            ),
            ','
        ) over (patient) as candidates,
    from pairs
    window patient as (partition by record_ref)

),

tiers as (

    select
        *,
        case
            when row_reason is not null then null
            when key_matches > 0 or decision_matches > 0 or mapped_contact_id is not null then 0
            -- An email that leads to somebody else does not stand before the patient's own lead.
            when email_matches = 1 and identity_conflicts > 0 and name_matches = 1 then 2
            when email_matches > 0 then 1
            when name_matches > 0 then 2
            when address_matches > 0 then 3
            else 4
        end as match_tier,
    from counted

),

resolved as (

    select
        *,
        case match_tier
            when 0 then coalesce(key_contact_id, decided_contact_id, mapped_contact_id)
            when 1 then email_contact_id
            when 2 then name_contact_id
            when 3 then address_contact_id
        end as hubspot_id,
        case
            when row_reason is not null then row_reason
            when match_tier = 0 and key_matches > 1 then 'ambiguous_patient_id'
            when
                match_tier = 0
                and (
                    keys_denied > 0
                    or (key_matches = 0 and (decision_conflicts > 0 or decision_matches > 1))
                )
                then 'decision_conflict'
            when
                match_tier = 0
                and key_matches = 0
                and decision_matches = 0
                and map_conflicts > 0
                then 'id_map_conflict'
            when match_tier = 1 and email_matches > 1 then 'ambiguous_email'
            when match_tier = 1 and identity_conflicts > 0 then 'identity_conflict'
            when match_tier = 2 and name_matches > 1 then 'ambiguous_name_dob'
            when match_tier = 3 and address_matches > 1 then 'ambiguous_address'
            when match_tier < 4 then null
            {%- if not var('recreate_deleted') %}
            when is_mapped then 'deleted_in_hubspot'
            {%- endif %}
            {%- if not var('create_without_email') %}
            when live_email_holders > 0 then 'email_held_by_other_patient'
            when owned_email_holders > 0 then 'email_held_by_vanished_patient'
            when email_holders > 0 then 'email_held_by_other_contact'
            {%- endif %}
            when vanished_matches > 0 then 'owner_vanished'
            when not has_name and (email_key is null or email_holders > 0) then 'missing_name'
            {%- if not var('create_without_email') %}
            when email_key is null then 'no_email_no_match'
            {%- endif %}
        end as tier_reason,
    from tiers

),

-- One row per patient: the pair with the contact that was found, if one was.
found as (

    select
        *,
        coalesce(contact_id = hubspot_id, false) as is_found,
    from resolved
    qualify
        row_number() over (
            partition by record_ref
            order by
                coalesce(contact_id = hubspot_id, false) desc,
                coalesce(contact_id, '') desc
        ) = 1

),

final as (

    select
        record_ref,
        natural_key,
        email_key,
        match_tier,
        tier_reason,
        hubspot_id,
        match_tier = 0 and key_matches = 0 and decision_matches > 0 as is_decided,
        is_found and is_agreed as is_agreed,
        is_found and is_email_secondary as is_email_secondary,
        email_holders - if(is_found and is_email_holder, 1, 0) > 0 as is_email_held,
        candidates,
    from found

)

select * from final
