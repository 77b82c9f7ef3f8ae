{{ config(materialized='table') }}
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

hashed as (

    select
        written_by as entity,
        to_hex(sha256(string_agg(
            to_json_string(struct(
                property, property_type, field_type, format, options, on_blank, write_mode
            )),
            ',' order by property
        ))) as catalogue_hash,
    from properties
    group by written_by

)

select * from hashed
