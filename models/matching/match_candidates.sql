-- The pairs to compare: an open patient and a free contact that share a block of a usable size.
with members as (

    select * from {{ ref('match_block_members') }}
    where not is_left_out

),

patients as (

    select * from {{ ref('outbox_contacts') }}

),

decisions as (

    select * from {{ ref('int_match_decisions') }}

),

pairs as (

    select
        record_ref,
        members.contact_id as hubspot_id,
        string_agg(distinct members.rule, ',' order by members.rule) as rules,
        any_value(members.live_contacts) as live_contacts,
        any_value(members.all_emails) as contact_emails,
        {%- for column in counted_columns() %}
        any_value(members.{{ column }}_contacts) as {{ column }}_contacts,
        {%- endfor %}
        {%- for column in suspect_columns() %}
        any_value(members.contact_{{ column }}) as contact_{{ column }},
        {%- endfor %}
    from members
    cross join unnest(members.record_refs) as record_ref
    group by record_ref, members.contact_id

),

final as (

    select
        pairs.*,
        patients.natural_key,
        patients.preferred_name_key,
        patients.middle_name_key,
        patients.is_under_25,
        {%- for column in suspect_columns() %}
        patients.{{ column }},
        {%- endfor %}
    from pairs
    inner join patients
        on pairs.record_ref = patients.record_ref
    left join decisions
        on
            patients.natural_key = decisions.natural_key
            and pairs.hubspot_id = decisions.hubspot_id
    where not coalesce(decisions.is_different, false)

)

select * from final
