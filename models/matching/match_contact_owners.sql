-- Every live contact, what it says of a person, and whose it is: by the key that it carries, else
-- by the id map.
with contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = 'patients'

),

patients as (

    select * from {{ ref('outbox_contacts') }}

),

decisions as (

    select * from {{ ref('int_match_decisions') }}

),

source_keys as (

    select
        natural_key,
        coalesce(exclusion_reason, 'live') as state,
    from patients
    where natural_key is not null

),

-- An excluded row claims nothing by the id map, nor does one of whom a person said that the contact
-- is somebody else's; the key that a contact carries is the patient's until it is re-keyed.
contact_claims as (

    select
        id_map.hubspot_id,
        min(id_map.natural_key) as first_mapped_key,
        max(id_map.natural_key) as last_mapped_key,
        if(logical_and(source_keys.state is null), 'vanished', 'live') as claimant_state,
    from id_map
    left join source_keys
        on id_map.natural_key = source_keys.natural_key
    left join decisions
        on
            id_map.natural_key = decisions.natural_key
            and id_map.hubspot_id = decisions.hubspot_id
    where
        coalesce(source_keys.state, 'live') = 'live'
        and not coalesce(decisions.is_different, false)
    group by id_map.hubspot_id

),

rekeys as (

    select
        rekeyed_from,
        min(natural_key) as natural_key,
    from id_map
    where rekeyed_from is not null
    group by rekeyed_from

),

-- A person's word gives a contact to a patient before the patient's key is on it.
decided_claims as (

    select
        decisions.hubspot_id,
        min(decisions.natural_key) as first_decided_key,
        max(decisions.natural_key) as last_decided_key,
    from decisions
    inner join source_keys
        on decisions.natural_key = source_keys.natural_key
    where source_keys.state = 'live' and decisions.is_same
    group by decisions.hubspot_id

),

claimed_contacts as (

    select
        contacts.hubspot_id as contact_id,
        if(
            coalesce(source_keys.state, 'vanished') = 'live',
            contacts.patient_key,
            coalesce(rekeys.natural_key, contacts.patient_key)
        ) as contact_patient_key,
        case
            when contacts.patient_key is null then contact_claims.claimant_state
            when rekeys.natural_key is not null then 'live'
            else coalesce(source_keys.state, 'vanished')
        end as owner_state,
        contact_claims.first_mapped_key,
        contact_claims.last_mapped_key,
        decided_claims.first_decided_key,
        decided_claims.last_decided_key,
        contacts.all_emails,
        contacts.additional_emails as contact_additional_emails,
        contacts.chart_key as contact_chart_key,
        contacts.state_key as contact_state_key,
        {%- for column in suspect_columns() %}
        contacts.{{ column }} as contact_{{ column }},
        {%- endfor %}
    from contacts
    left join contact_claims
        on contacts.hubspot_id = contact_claims.hubspot_id
    left join decided_claims
        on contacts.hubspot_id = decided_claims.hubspot_id
    left join source_keys
        on contacts.patient_key = source_keys.natural_key
    left join rekeys
        on contacts.patient_key = rekeys.rekeyed_from

)

select * from claimed_contacts
