-- What people have decided of a patient and a contact: their newest word on each pair. A contact
-- that was merged away is the one that is left of it.
with decisions as (

    select * from {{ source('control', 'match_decisions') }}

),

merges as (

    select * from {{ source('hubspot', 'hubspot_merges') }}
    where entity = 'patients'

),

resolved as (

    select
        {{ normalize_key('decisions.natural_key') }} as natural_key,
        coalesce(merges.survivor_id, trim(decisions.hubspot_id)) as hubspot_id,
        lower(trim(decisions.verdict)) as verdict,
        decisions.decided_at,
    from decisions
    left join merges
        on trim(decisions.hubspot_id) = merges.merged_id

),

-- Two words of one moment that contradict each other: the one that merges nobody.
newest as (

    select *
    from resolved
    where natural_key is not null and hubspot_id is not null
    qualify
        row_number() over (
            partition by natural_key, hubspot_id
            order by decided_at desc, verdict
        ) = 1

),

final as (

    select
        natural_key,
        hubspot_id,
        verdict = 'same' as is_same,
        verdict = 'different' as is_different,
        decided_at,
    from newest
    where verdict in ('same', 'different')

)

select * from final
