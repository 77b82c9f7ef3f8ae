-- What staff have answered in HubSpot and match_decisions does not hold yet. An answer stands on
-- the contact until a run has emptied the drop-down: until then it counts once, afterwards anew.
with contacts as (

    select * from {{ ref('stg_hubspot__notes') }}
    where entity = 'patients' and amd_review_decision in ('same', 'different', 'ask_again')

),

decisions as (

    select * from {{ source('control', 'match_decisions') }}
    where source = 'hubspot'

),

merges as (

    select * from {{ source('hubspot', 'hubspot_merges') }}
    where entity = 'patients'

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = 'match_reviews'

),

resolved as (

    select
        {{ normalize_key('decisions.natural_key') }} as natural_key,
        coalesce(merges.survivor_id, decisions.hubspot_id) as hubspot_id,
        decisions.verdict,
        decisions.decided_at,
    from decisions
    left join merges
        on decisions.hubspot_id = merges.merged_id

),

taken as (

    select *
    from resolved
    where natural_key is not null
    qualify
        row_number() over (
            partition by natural_key, hubspot_id
            order by decided_at desc, verdict
        ) = 1

),

answered as (

    select
        contacts.entity,
        {{ normalize_key('contacts.amd_review_patient_id') }} as natural_key,
        contacts.hubspot_id,
        contacts.amd_review_decision as verdict,
        contacts.updated_by as decided_by,
        coalesce(contacts.last_modified_at, contacts.refreshed_at) as decided_at,
        id_map.hubspot_updated_at as told_at,
        coalesce(contacts.last_modified_at < id_map.hubspot_updated_at, false) as is_not_read_back,
    from contacts
    left join id_map
        on contacts.hubspot_id = id_map.natural_key

),

final as (

    select
        answered.entity,
        answered.natural_key,
        answered.hubspot_id,
        answered.verdict,
        answered.decided_by,
        answered.decided_at,
    from answered
    left join taken
        on
            answered.natural_key = taken.natural_key
            and answered.hubspot_id = taken.hubspot_id
    where
        answered.natural_key is not null
        and not answered.is_not_read_back
        and (
            taken.natural_key is null
            or taken.verdict != answered.verdict
            or taken.decided_at < answered.told_at
        )

)

select * from final
