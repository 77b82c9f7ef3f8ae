-- Contacts that are likely the patient's and that no tier could be sure of, the best first.
with rankings as (

    select * from {{ ref('match_rankings') }}

),

final as (

    select
        record_ref,
        natural_key,
        hubspot_id,
        score,
        needed,
        suspect_rank as rank,
        agrees,
        differs,
        unknown,
        is_twin_guarded,
        is_name_only,
        rules,
    from rankings
    where suspect_rank <= {{ most_suspects() }}

)

select * from final
