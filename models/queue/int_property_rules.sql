{{ config(materialized='table') }}
-- What the catalogue says of each property of an entity, as lists `|one|other|` that a row can be
-- held against without a join per property.
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

final as (

    select
        entity,
        -- who is the master; AMD of all others
        {{ property_list("write_mode = 'on_change'") }} as on_change,
        {{ property_list("write_mode = 'if_blank'") }} as if_blank,

        -- how values are compared
        {{ property_list("property_type in ('date', 'datetime')") }} as times,
        {{ property_list("property_type = 'number'") }} as numbers,
        {{ property_list("property_type = 'phone_number' or format in ('phone', 'e164')") }}
            as phones,
        {{ property_list("property_type = 'bool' or format = 'email'") }} as caseless,

        -- what is sent with what
        {{ property_list(
            "coalesce(part_of, '') != ''", "concat(property, '|in:', part_of)"
        ) }} as parts,

        -- what is not read back from HubSpot
        {{ property_list('not is_mirrored') }} as unread,
    from properties
    group by entity

)

select * from final
