{%- set most_open = setting('MAX_OPEN_REVIEWS') -%}
{%- set is_open = "(amd_review = 'open' and coalesce(asked_key = patient_key, false))" -%}
-- Which contact asks staff about which patient: each candidate of a patient whom the newest run
-- holds back, as its snapshot names them: a table, so that the matches are not looked for twice.
-- Here is what the contact should say; whether that is news, staff_notes sees.
with snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}
    where entity = 'patients'

),

words as (

    select * from {{ ref('reason_words') }}
    where is_reviewed

),

contacts as (

    select * from {{ ref('stg_hubspot__notes') }}
    where entity = 'patients'

),

id_map as (

    select * from {{ ref('int_id_map') }}
    where entity = 'patients'

),

decisions as (

    select * from {{ ref('int_match_decisions') }}

),

candidates as (

    select
        snapshot_rows.natural_key as patient_key,
        snapshot_rows.reason,
        contact_id,
        place as position,
        (
            select line
            from unnest(split(snapshot_rows.candidate_evidence, '\n')) as line
            where split(line, '\t')[safe_offset(0)] = contact_id
            order by line limit 1
        ) as line,
    from snapshot_rows
    inner join words
        on snapshot_rows.reason = words.reason
    cross join unnest(split(snapshot_rows.candidates)) as contact_id with offset as place
    where snapshot_rows.state = 'quarantined' and snapshot_rows.natural_key is not null

),

-- Whose a contact is, and whose it becomes in this run.
claims as (

    select
        hubspot_id,
        natural_key,
    from id_map
    union all
    select
        hubspot_id,
        natural_key,
    from snapshot_rows
    where state in ('update', 'unchanged') and hubspot_id is not null

),

owners as (

    select
        hubspot_id,
        min(natural_key) as first_key,
        max(natural_key) as last_key,
    from claims
    group by hubspot_id

),

-- A contact that was compared is nobody's; of the others it has to be seen. One that is another
-- patient's is no question, unless somebody has said that it is this one's.
joined as (

    select
        contacts.*,
        candidates.patient_key,
        candidates.reason,
        candidates.position,
        safe_cast(split(candidates.line, '\t')[safe_offset(1)] as float64) as score,
        split(candidates.line, '\t')[safe_offset(2)] as found,
        {{ normalize_key('contacts.amd_review_patient_id') }} as asked_key,
        candidates.patient_key is not null
        and not coalesce(decisions.is_different, false)
        and (
            coalesce(decisions.is_same, false)
            or candidates.line is not null
            or (
                coalesce(contacts.natural_key, candidates.patient_key) = candidates.patient_key
                and coalesce(owners.first_key, candidates.patient_key) = candidates.patient_key
                and coalesce(owners.last_key, candidates.patient_key) = candidates.patient_key
            )
        ) as is_question,
    from contacts
    left join candidates
        on contacts.hubspot_id = candidates.contact_id
    left join owners
        on contacts.hubspot_id = owners.hubspot_id
    left join decisions
        on
            candidates.patient_key = decisions.natural_key
            and candidates.contact_id = decisions.hubspot_id
    where candidates.patient_key is not null or contacts.has_note

),

-- One patient at a time: the one whom the contact asks about already, else the likeliest.
questions as (

    select
        *,
        is_question and {{ is_open }} as is_open,
    from joined
    qualify
        row_number() over (
            partition by hubspot_id
            order by
                is_question desc, {{ is_open }} desc, score desc, position, patient_key
        ) = 1

),

placed as (

    select
        *,
        is_question
        and row_number() over (
            order by is_question desc, coalesce(round(score), -1000) desc, is_open desc, hubspot_id
        ) <= {{ most_open }} as is_asked,
    from questions

),

told as (

    select
        placed.*,
        if(
            placed.found is null,
            'Not compared field by field: found by email, name or address.',
            concat('Score ', cast(cast(round(placed.score) as int64) as string), '. ', placed.found)
        ) as evidence,
        decisions.natural_key is not null as is_decided,
    from placed
    left join decisions
        on
            placed.asked_key = decisions.natural_key
            and placed.hubspot_id = decisions.hubspot_id

),

-- What a closed one was about stays where people have decided, so that they may ask again.
wanted as (

    select
        *,
        if(is_asked, 'open', 'closed') as review,
        case
            when is_asked then patient_key
            when is_decided then amd_review_patient_id
            else ''
        end as patient_id,
        if(is_asked, reason, '') as told_reason,
        -- The score alone moves with every new lead: no news.
        case
            when not is_asked then ''
            when
                is_open
                and regexp_replace(amd_review_evidence, r'^Score -?[0-9]+\.', '')
                = regexp_replace(evidence, r'^Score -?[0-9]+\.', '')
                then amd_review_evidence
            else evidence
        end as told_evidence,
        case
            when not is_asked then ''
            when is_open and amd_review_since != '' then amd_review_since
            else cast(current_date('America/New_York') as string)
        end as since,
    from told
    where is_asked or amd_review != '' or amd_review_decision != ''

),

final as (

    select
        hubspot_id,
        last_modified_at,
        is_asked,
        {{ news({
            'amd_review': 'review',
            'amd_review_decision': "''",
            'amd_review_evidence': 'told_evidence',
            'amd_review_patient_id': 'patient_id',
            'amd_review_reason': 'told_reason',
            'amd_review_since': 'since',
        }) }} as properties,
        -- Where somebody may be deciding at this moment, the answer is read once more.
        if(
            amd_review = 'open' or amd_review_decision != '',
            concat('{"amd_review_decision":', to_json_string(amd_review_decision), '}'),
            null
        ) as guard,
    from wanted

)

select * from final
