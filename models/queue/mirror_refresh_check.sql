{%- set limit_percent = setting('MIRROR_SHRINK_PERCENT') -%}
-- May a full listing replace the mirror? Not if it would lose more live rows than the limit.
with stage as (

    select * from {{ source('hubspot', 'hubspot_mirror_stage') }}

),

mirror as (

    select * from {{ source('hubspot', 'hubspot_mirror') }}

),

staged as (

    select
        refresh_id,
        entity,
        count(distinct hubspot_id) as staged_rows,
    from stage
    where not coalesce(is_dead, false)
    group by refresh_id, entity

),

live as (

    select
        entity,
        count(*) as live_rows,
    from mirror
    where not coalesce(is_dead, false)
    group by entity

),

final as (

    select
        staged.refresh_id,
        staged.entity,
        staged.staged_rows,
        coalesce(live.live_rows, 0) as live_rows,
        {{ limit_percent }} as limit_percent,
        staged.staged_rows * 100 < coalesce(live.live_rows, 0) * (100 - {{ limit_percent }})
            as blocks,
    from staged
    left join live
        on staged.entity = live.entity

)

select * from final
