{%- set key_property = setting('PATIENT_NATURAL_ID_PROP') -%}
-- Which HubSpot contact, if any, is each patient's? What the tiers found, after the rules across
-- patients: nobody shares a contact or an email.
with tiers as (

    select * from {{ ref('match_tiers') }}

),

rivals as (

    select
        *,
        tier_reason is null and match_tier in (1, 2, 3) as is_first_match,
    from tiers

),

contested as (

    select
        *,
        case
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

email_writers as (

    select
        *,
        contact_reason is null
        and email_key is not null
        and not is_email_held
        and not is_email_secondary as is_writing_email,
    from contested

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
            when match_tier = 0 and is_decided then ['{{ key_property }}']
            when match_tier = 1 then [
                '{{ key_property }}', 'email', 'hs_additional_emails',
                'firstname', 'lastname', 'ncf_date_of_birth'
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
        -- The contacts that a held-back patient could have been, for whoever looks at it.
        case
            when reason = 'contested_contact' then hubspot_id
            when reason is not null then candidates
        end as candidates,
    from decided

)

select * from final
