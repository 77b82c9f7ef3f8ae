with results as (

    select * from {{ ref('int_results') }}

),

newest as (

    select *
    from results
    where
        outcome in ('created', 'updated')
        and natural_key is not null
        and hubspot_id is not null
    qualify
        row_number() over (
            partition by entity, natural_key
            order by pushed_at desc, result_id
        ) = 1

)

select * from newest
