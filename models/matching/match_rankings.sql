-- The scores, with the place of each suspect among those of its patient: the best first.
with scores as (

    select * from {{ ref('match_scores') }}

),

judged as (

    select
        *,
        score >= needed and not is_twin_guarded as is_suspect,
    from scores

),

final as (

    select
        *,
        if(
            is_suspect,
            row_number() over (partition by record_ref, is_suspect order by score desc, hubspot_id),
            null
        ) as suspect_rank,
    from judged

)

select * from final
