with decisions as (

    select * from {{ ref('sync_decisions') }}

),

final as (

    select
        entity,
        natural_key,
        record_ref,
        state,
        reason,
        warnings,
        match_tier,
        hubspot_id,
        candidates,
        changed_properties,
        kept_edits,
        payload_hash,
        source_rows,
    from decisions

)

select * from final
