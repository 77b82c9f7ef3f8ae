{%- set how = var('tell_sync_status') -%}
-- What a known contact or ROI says of its own state, as the newest run saw it.
with snapshot_rows as (

    select * from {{ source('control', 'reverse_etl_snapshot') }}
    where natural_key is not null

),

words as (

    select * from {{ ref('reason_words') }}

),

records as (

    select * from {{ ref('stg_hubspot__notes') }}
    where entity in ('patients', 'rois')

),

id_map as (

    select * from {{ ref('int_id_map') }}

),

owners as (

    select
        entity,
        hubspot_id,
        if(min(natural_key) = max(natural_key), min(natural_key), null) as natural_key,
    from id_map
    group by entity, hubspot_id

),

told as (

    select
        snapshot_rows.entity,
        snapshot_rows.natural_key,
        min(case snapshot_rows.state
            when 'quarantined' then 'held_back'
            when 'failed' then 'failed'
            when 'excluded' then 'excluded'
            when 'create' then null
            else 'in_step'
        end) as status,
        min(concat(
            coalesce(words.label, replace(snapshot_rows.reason, '_', ' ')),
            coalesce(concat('. ', words.what_to_do), '.')
        )) as note,
    from snapshot_rows
    left join words
        on
            regexp_replace(snapshot_rows.reason, r'^(?:rejected|answered)_.*$', 'rejected')
            = words.reason
    group by snapshot_rows.entity, snapshot_rows.natural_key

),

joined as (

    select
        records.entity,
        records.hubspot_id,
        records.last_modified_at,
        records.amd_sync_status,
        records.amd_sync_note,
        coalesce(told.status, '') as status,
        coalesce(told.note, '') as note,
    from records
    left join owners
        on
            records.entity = owners.entity
            and records.hubspot_id = owners.hubspot_id
    left join told
        on
            records.entity = told.entity
            and coalesce(records.natural_key, owners.natural_key) = told.natural_key

),

final as (

    select
        if(entity = 'patients', 'patient_marks', 'roi_marks') as entity,
        hubspot_id,
        last_modified_at,
        {{ news({'amd_sync_note': 'note', 'amd_sync_status': 'status'}) }} as properties,
    from joined
    where
        {%- if how == 'off' %}
        false
        {%- elif how == 'all' %}
        status != '' or amd_sync_status != ''
        {%- else %}
        status not in ('', 'in_step') or amd_sync_status != ''
        {%- endif %}

)

select * from final
