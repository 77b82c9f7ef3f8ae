{%- set is_sending = 'in ' ~ sending_verdicts() -%}
{%- set is_asked = "not in ('withheld', 'left_to_hubspot')" -%}
{%- set staff_may_correct = is_listed('name', 'concat(on_change, if_blank)') -%}
-- Which properties of each record are sent, and why. Three values decide: what AMD says now, what
-- HubSpot last confirmed (a hash in the id map), and what HubSpot holds (the mirror).
with facts as (

    select * from {{ ref('int_record_facts') }}

),

-- What is read below for each property, the same of all records where nothing is open: an engine
-- may look at equal records once.
opened as (

    select
        *,
        if(is_open, payload_entries, []) as open_entries,
        if(is_open, hubspot_properties, '') as open_properties,
        if(is_open, record_ref, '') as open_ref,
        is_open and hubspot_id is null as is_create,
        is_open and is_not_read_back as is_behind,
        is_open and is_due_again as is_retried,
        if(is_open and is_mapped_here, coalesce(confirmed_values, ''), '') as memory,
        {{ as_list("replace(refused_properties, ',', '|')", 'is_open') }} as refused_before,
        {{ as_list("replace(known_edits, ',', '|')", 'is_open') }} as edited_before,
        {{ as_list("array_to_string(redefined_properties, '|')", 'is_open') }} as redefined,
        {{ as_list("array_to_string(withheld_properties, '|')", 'is_open') }} as withheld,
    from facts

),

-- The mirror may be behind a write of ours, or may not hold the property: then what was confirmed
-- counts. Nothing was, where HubSpot refused the value or lost it with its property.
judged as (

    select
        *,
        array(
            select as struct
                name,
                entry,
                hash_entry,
                is_as_answered,
                case
                    when {{ is_listed('name', 'withheld') }} then 'withheld'
                    when is_create then 'create'
                    when {{ is_listed('name', 'if_blank') }} and hubspot_value != ''
                        then 'left_to_hubspot'
                    when is_read and amd_value = hubspot_value then 'held'
                    when {{ is_listed('name', 'refused_before') }} and is_as_answered and not is_retried
                        then 'refused'
                    when is_known and is_as_answered
                        then case
                            when not is_read and not {{ is_listed('name', 'edited_before') }}
                                then 'as_confirmed'
                            when {{ staff_may_correct }} then 'edited'
                            when is_read then 'repairs'
                            else 'as_confirmed'
                        end
                    when not is_known and amd_value = '' and {{ staff_may_correct }}
                        then 'left_alone'
                    when not is_known then 'first_write'
                    when
                        is_read
                        and {{ is_listed('name', 'on_change') }}
                        and strpos(memory, {{ hash_entry('hubspot_value', 'name') }}) = 0
                        then 'overwrites_edit'
                    else 'changed_in_amd'
                end as verdict,
            from (
                select
                    *,
                    strpos(memory, hash_entry) > 0 as is_as_answered,
                    not is_behind and not {{ is_listed('name', 'unread') }} as is_read,
                    strpos(memory, concat('"', name, '":"')) > 0
                    and not {{ is_listed('name', 'refused_before') }}
                    and not (
                        {{ is_listed('name', 'redefined') }}
                        and not {{ is_listed('name', 'edited_before') }}
                        and hubspot_value = ''
                    ) as is_known,
                from (
                    select
                        *,
                        {{ hash_entry('amd_value', 'name') }} as hash_entry,
                    from (
                        {{ compared_entries('open_entries', 'open_properties') | indent(20) }}
                    )
                )
            )
        ) as judged_properties,
    from opened

),

whole as (

    select
        *,
        (
            select concat('|', string_agg(judged.name, '|'), '|')
            from unnest(judged_properties) as judged
            where judged.verdict {{ is_sending }}
        ) as sent_names,
    from judged

),

-- A part is sent with its whole, where HubSpot does not hold it already.
settled as (

    select
        *,
        (
            select as struct
                {{ properties_judged('entry', is_sending, is_ordered=false) }} as sent_entries,
                {{ properties_judged(
                    "concat(verdict, ':', name)", is_sending ~ " and verdict != 'create'"
                ) }} as changes_sent,
                {{ properties_judged('name', "= 'overwrites_edit'") }} as overwritten_edits,
                {{ properties_judged('name', "= 'edited'") }} as kept_edits,
                {{ properties_judged('name', "= 'refused'") }} as still_refused,
                -- What HubSpot is not asked about keeps what was confirmed of it.
                {{ properties_judged(
                    'hash_entry', is_asked, is_ordered=false
                ) }} as hashes,
                logical_or(not is_as_answered and verdict {{ is_asked }}) as has_news,
            from (
                select
                    judged.name,
                    judged.entry,
                    judged.hash_entry,
                    judged.is_as_answered,
                    if(
                        judged.verdict in ('edited', 'left_alone', 'as_confirmed')
                        and {{ is_listed('judged.name', 'parts') }}
                        and {{ is_listed(whole_of('judged.name', 'parts'), 'sent_names') }},
                        'goes_with_its_whole',
                        judged.verdict
                    ) as verdict,
                from unnest(judged_properties) as judged
            )
        ) as found,
    from whole

),

final as (

    select
        settled.* except (found),
        found.sent_entries,
        found.changes_sent,
        found.overwritten_edits,
        found.kept_edits,
        found.still_refused,
        coalesce(found.has_news, false) as has_news,
        array_to_string(array_concat(
            if(found.hashes is null, [], [found.hashes]),
            array(
                select remembered
                from unnest(regexp_extract_all(memory, r'"[^"]+":"[^"]+"')) as remembered
                where strpos(
                    coalesce(found.hashes, ''), concat('"', {{ entry_name('remembered') }}, '":"')
                ) = 0
                order by remembered
            )
        ), ',') as hashes_to_confirm,
    from settled

)

select * from final
