{{ config(materialized='table') }}
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

listed as (

    select
        entity,
        string_agg(property, ',' order by property) as property_list,
    from properties
    where is_mirrored
    group by entity

)

select * from listed
