-- The pusher takes objects and properties by name. A natural-id setting that names a property which
-- the catalogue has already would send two values under one name.
with objects as (

    select * from {{ ref('catalogue_objects') }}

),

properties as (

    select * from {{ ref('catalogue_properties') }}

),

keys as (

    select
        entity,
        'the object itself' as name,
    from objects
    union all
    select
        entity,
        property as name,
    from properties

),

doubled as (

    select
        entity,
        name,
        count(*) as records,
    from keys
    group by entity, name
    having count(*) > 1

)

select * from doubled
