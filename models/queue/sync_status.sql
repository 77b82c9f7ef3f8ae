{%- set columns = [
    'entity', 'natural_key', 'record_ref', 'state', 'reason', 'warnings', 'match_tier', 'hubspot_id',
    'candidates', 'changed_properties', 'kept_edits', 'payload_hash', 'source_rows',
] -%}
with decisions as (

    select * from {{ ref('sync_decisions') }}

),

staff_notes as (

    select * from {{ ref('staff_notes') }}

),

final as (

    select {{ columns | join(', ') }}
    from decisions
    union all
    select {{ columns | join(', ') }}
    from staff_notes

)

select * from final
