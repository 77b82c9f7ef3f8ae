-- Patients who are new, and a contact of somebody who is no longer there that looks like theirs:
-- two charts of one person were merged in AMD. Certain where both names and the date of birth are
-- equal, and one of email, phone and chart; nothing else is ever re-keyed by itself.
with pairs as (

    select * from {{ ref('match_pairs') }}

),

new_patients as (

    select
        *,
        count(if(
            is_key_match or is_map_match or is_email_match or is_name_match or is_address_match,
            1,
            null
        )) over (partition by record_ref) as contacts_of_its_own,
    from pairs
    where row_reason is null

),

proposed as (

    select
        *,
        array_to_string([
            if(is_agreed, 'name', null),
            if(is_birth_date_equal, 'birth_date', null),
            if(is_email_holder, 'email', null),
            if(is_phone_equal, 'phone', null),
            if(is_chart_equal, 'chart', null),
            if(is_found_by_address, 'address', null)
        ], ',') as evidence,
        -- Who was excluded on purpose is not to come back under another key.
        is_agreed
        and is_birth_date_equal
        and (is_email_holder or is_phone_equal or is_chart_equal)
        and is_owner_one
        and owner_state in ('vanished', 'deleted_in_source') as is_alike,
    from new_patients
    where is_vanished_match and contacts_of_its_own = 0

),

final as (

    select
        'patients' as entity,
        record_ref,
        owner_key as old_natural_key,
        natural_key as new_natural_key,
        contact_id as hubspot_id,
        owner_state as old_state,
        evidence,
        is_alike
        and count(*) over (partition by record_ref) = 1
        and count(*) over (partition by owner_key) = 1
        and count(*) over (partition by contact_id) = 1 as is_certain,
    from proposed

)

select * from final
