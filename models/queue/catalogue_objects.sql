{{ config(materialized='table') }}
with entities as (

    select * from {{ ref('catalogue_entities') }}

),

final as (

    select * except (record_entity)
    from entities
    where entity = record_entity

)

select * from final
