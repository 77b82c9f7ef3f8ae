-- Which free contacts share a block with an open patient: whoever shares none of these keys is not
-- compared. A patient is open that has no contact, for whatever reason that a look at it may end; a
-- contact is free that is nobody's, and that no patient has found in this run.
with matches as (

    select * from {{ ref('match_contacts') }}

),

patients as (

    select * from {{ ref('outbox_contacts') }}

),

contacts as (

    select * from {{ ref('match_contact_owners') }}

),

live_contacts as (

    select count(*) as live_contacts
    from {{ source('hubspot', 'hubspot_mirror') }}
    where entity = 'patients' and not coalesce(is_dead, false)

),

blocks as (

    select * from {{ ref('match_blocks') }}

),

-- What says that a contact is taken is one more key, so that the matches are read once.
patient_keys as (

    select
        block_key,
        matches.record_ref,
    from matches
    inner join patients
        on matches.record_ref = patients.record_ref
    cross join
        unnest(case
            when matches.reason is null and matches.hubspot_id is not null
                then [{{ match_key('taken', ['matches.hubspot_id']) }}]
            when
                coalesce(matches.reason, '') not in ('{{ closed_reasons() | join("', '") }}')
                and patients.row_reason is null
                then [
                    {{ block_keys() | indent(20) }},
                    {{ patient_block_keys() | indent(20) }}
                ]
        end) as block_key
    where block_key is not null

),

-- More patients than these in one block, and it is nobody's house or number.
patient_blocks as (

    select
        block_key,
        count(*) as patients,
        array_agg(record_ref limit {{ most_patients_in_block() }}) as record_refs,
    from patient_keys
    group by block_key

),

-- How many contacts say the same: what is common is weak evidence.
counted_contacts as (

    select
        contacts.*,
        live_contacts.live_contacts,
        {%- for column in counted_columns() %}
        count(*) over (
            partition by coalesce(cast(contacts.contact_{{ column }} as string), contacts.contact_id)
        ) as {{ column }}_contacts,
        {%- endfor %}
    from contacts
    cross join live_contacts

),

contact_keys as (

    select
        counted_contacts.* except (contact_additional_emails),
        block_key,
    from counted_contacts
    cross join
        unnest(array_concat(
            [
                {{ match_key('taken', ['contact_id']) }},
                {{ block_keys('contact_') | indent(16) }},
                {{ contact_block_keys() | indent(16) }}
            ],
            split(concat('email:', replace(all_emails, ';', ';email:')), ';')
        )) as block_key
    where
        block_key is not null
        and contact_patient_key is null
        and first_mapped_key is null
        and first_decided_key is null

),

members as (

    select
        contact_keys.*,
        regexp_extract(contact_keys.block_key, r'^([a-z_]+):') as rule,
        patient_blocks.patients,
        patient_blocks.record_refs,
        logical_or(starts_with(contact_keys.block_key, 'taken:'))
            over (partition by contact_keys.contact_id) as is_taken,
    from contact_keys
    inner join patient_blocks
        on contact_keys.block_key = patient_blocks.block_key

),

free_members as (

    select
        *,
        count(*) over (partition by block_key) as contacts,
    from members
    where not is_taken

),

final as (

    select
        free_members.* except (is_taken),
        free_members.contacts * free_members.patients > blocks.max_pairs
        or free_members.patients > {{ most_patients_in_block() }} as is_left_out,
    from free_members
    inner join blocks
        on free_members.rule = blocks.rule

)

select * from final
