{{ config(materialized='table') }}
-- What holds for all records of an entity. Properties stand in lists `|one|other|`, so that those
-- of a record can be judged one by one without a join.
with objects as (

    select * from {{ ref('catalogue_objects') }}

),

catalogue_hashes as (

    select * from {{ ref('int_catalogue_hashes') }}

),

properties as (

    select * from {{ ref('catalogue_properties') }}

),

listed as (

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
        {{ property_list("property_type = 'enumeration'") }} as choices,
        {{ property_list("property_type = 'bool' or format = 'email'") }} as caseless,

        -- what is sent with what
        {{ property_list(
            "coalesce(part_of, '') != ''", "concat(property, '|in:', part_of)"
        ) }} as parts,

        -- what is not read back from HubSpot
        {{ property_list('not is_mirrored') }} as unread,
    from properties
    where written_by = entity
    group by entity

),

final as (

    select
        listed.*,
        objects.object_type,
        objects.id_property,
        catalogue_hashes.catalogue_hash,
    from listed
    inner join objects
        on listed.entity = objects.entity
    inner join catalogue_hashes
        on listed.entity = catalogue_hashes.entity

)

select * from final
