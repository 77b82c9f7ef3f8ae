{%- set is_sending = 'in ' ~ sending_verdicts() -%}
{%- set staff_may_correct = is_listed('name', 'concat(on_change, if_blank)') -%}
-- Which properties of each record are sent, and why. Three values decide: what AMD says now, what
-- HubSpot last confirmed (a hash in the id map), and what HubSpot holds (the mirror).
with facts as (

    select * from {{ ref('int_record_facts') }}

),

-- Names as lists, and nothing to look at where nothing is open.
opened as (

    select
        *,
        if(is_open, payload_entries, []) as open_entries,
        if(is_open, hubspot_properties, '') as open_properties,
        if(is_open and is_mapped_here, coalesce(confirmed_values, ''), '') as memory,
        concat('|', replace(coalesce(refused_properties, ''), ',', '|'), '|') as refused_before,
        concat('|', replace(coalesce(known_edits, ''), ',', '|'), '|') as edited_before,
        concat('|', array_to_string(redefined_properties, '|'), '|') as redefined,
        concat('|', array_to_string(withheld_properties, '|'), '|') as withheld,
    from facts

),

compared as (

    select
        *,
        array(
            select as struct
                entry,
                name,
                {{ compared_value('amd_text', 'name') }} as amd_value,
                {{ compared_value('hubspot_text', 'name') }} as hubspot_value,
            from (
                select
                    entry,
                    name,
                    {{ unescaped('amd_text') }} as amd_text,
                    {{ unescaped('hubspot_text') }} as hubspot_text,
                from (
                    select
                        entry,
                        name,
                        {{ entry_text('entry', 'name') | indent(8) }} as amd_text,
                        {{ object_text('open_properties', 'name') | indent(8) }} as hubspot_text,
                    from (
                        select
                            entry,
                            {{ entry_name('entry') }} as name,
                        from unnest(open_entries) as entry
                    )
                )
            )
        ) as compared_properties,
    from opened

),

-- The mirror may be behind a write of ours, or may not hold the property: then what was confirmed
-- counts. Nothing was, where HubSpot refused the value or lost it with its property.
judged as (

    select
        * except (compared_properties),
        array(
            select as struct
                name,
                entry,
                hash_entry,
                case
                    when {{ is_listed('name', 'withheld') }} then 'withheld'
                    when hubspot_id is null then 'create'
                    when {{ is_listed('name', 'if_blank') }} and hubspot_value != ''
                        then 'left_to_hubspot'
                    when is_read and amd_value = hubspot_value then 'held'
                    when
                        {{ is_listed('name', 'refused_before') }}
                        and is_as_answered
                        and not is_due_again
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
                    name,
                    entry,
                    amd_value,
                    hubspot_value,
                    hash_entry,
                    strpos(memory, hash_entry) > 0 as is_as_answered,
                    not is_not_read_back and not {{ is_listed('name', 'unread') }} as is_read,
                    strpos(memory, concat('"', name, '":"')) > 0
                    and not {{ is_listed('name', 'refused_before') }}
                    and not (
                        {{ is_listed('name', 'redefined') }}
                        and not {{ is_listed('name', 'edited_before') }}
                        and hubspot_value = ''
                    ) as is_known,
                from (
                    select
                        found.name,
                        found.entry,
                        found.amd_value,
                        found.hubspot_value,
                        {{ hash_entry('found.amd_value', 'found.name') | indent(8) }}
                            as hash_entry,
                    from unnest(compared_properties) as found
                )
            )
        ) as judged_properties,
    from compared

),

whole as (

    select
        *,
        concat('|', array_to_string(
            {{ properties_judged('judged.name', is_sending) }}, '|'
        ), '|') as sent_names,
        concat('|', array_to_string(
            {{ properties_judged('judged.name', "not in ('withheld', 'left_to_hubspot')") }}, '|'
        ), '|') as answered_names,
    from judged

),

-- A part is sent with its whole, where HubSpot does not hold it already.
settled as (

    select
        * replace (
            array(
                select as struct
                    part.name,
                    part.entry,
                    part.hash_entry,
                    if(
                        part.verdict in ('edited', 'left_alone', 'as_confirmed')
                        and {{ is_listed('part.name', 'parts') }}
                        and {{ is_listed(whole_of('part.name', 'parts'), 'sent_names') }},
                        'goes_with_its_whole',
                        part.verdict
                    ) as verdict,
                from unnest(judged_properties) as part
            ) as judged_properties
        ),
    from whole

),

final as (

    select
        *,
        {{ properties_judged('judged.entry', is_sending) }} as sent_entries,
        {{ properties_judged("concat(judged.verdict, ':', judged.name)", is_sending) }}
            as changes_sent,
        {{ properties_judged('judged.name', "= 'overwrites_edit'") }} as overwritten_edits,
        {{ properties_judged('judged.name', "= 'edited'") }} as standing_edits,
        {{ properties_judged('judged.name', "= 'refused'") }} as standing_refusals,
        -- What HubSpot is not asked about keeps what was confirmed of it.
        array_concat(
            {{ properties_judged(
                'judged.hash_entry', "not in ('withheld', 'left_to_hubspot')"
            ) }},
            array(
                select remembered
                from unnest(regexp_extract_all(memory, r'"[^"]+":"[^"]+"')) as remembered
                where not {{ is_listed(entry_name('remembered'), 'answered_names') }}
                order by remembered
            )
        ) as hashes_to_confirm,
    from settled

)

select * from final
