-- Contacts that are likely the patient's and that no tier could be sure of, the best first.
with scores as (

    select * from {{ ref('match_scores') }}

),

final as (

    select
        record_ref,
        natural_key,
        hubspot_id,
        score,
        needed,
        row_number() over (partition by record_ref order by score desc, hubspot_id) as rank,
        agrees,
        differs,
        unknown,
        is_twin_guarded,
        is_name_only,
        rules,
    from scores
    where score >= needed and not is_twin_guarded
    qualify row_number() over (partition by record_ref order by score desc, hubspot_id) <= 5

)

select * from final
