-- Every outbox in one shape. A new object adds its outbox here.
with outbox_contacts as (

    select * from {{ ref('outbox_contacts') }}

),

outbox_rois as (

    select * from {{ ref('outbox_rois') }}

),

unioned as (

    select
        'patients' as entity,
        natural_key,
        record_ref,
        source_rows,
        exclusion_reason,
        warnings,
        payload_entries,
        payload_hash,
        cleared_properties,
    from outbox_contacts
    union all
    select
        'rois' as entity,
        natural_key,
        record_ref,
        source_rows,
        exclusion_reason,
        warnings,
        payload_entries,
        payload_hash,
        cleared_properties,
    from outbox_rois

)

select * from unioned
