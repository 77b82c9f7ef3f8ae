{%- set columns = [
    'entity', 'object_type', 'natural_key', 'record_ref', 'operation', 'hubspot_id', 'id_property',
    'properties', 'payload_hash', 'match_tier', 'guard',
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
    where state in ('create', 'update')
    union all
    select {{ columns | join(', ') }}
    from staff_notes
    where state = 'update'

)

select * from final
