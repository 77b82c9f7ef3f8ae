with decisions as (

    select * from {{ ref('sync_decisions') }}

),

final as (

    select
        entity,
        object_type,
        natural_key,
        record_ref,
        operation,
        hubspot_id,
        id_property,
        properties,
        payload_hash,
        match_tier,
        guard,
    from decisions
    where state in ('create', 'update')

)

select * from final
