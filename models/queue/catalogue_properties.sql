{{ config(materialized='table') }}
with properties as (

    select * from {{ ref('hubspot_properties') }}

),

entities as (

    select * from {{ ref('catalogue_entities') }}

),

resolved as (

    select
        entities.record_entity as entity,
        -- The entity whose rows send it.
        properties.entity as written_by,
        if(properties.property = 'natural_id', entities.id_property, properties.property)
            as property,
        properties.property = 'natural_id' as is_natural_id,
        properties.label,
        properties.type as property_type,
        properties.field_type,
        properties.format,
        properties.group_name,
        properties.options,
        properties.is_unique,
        properties.is_required,
        properties.sensitivity,
        properties.on_blank,
        properties.write as write_mode,
        properties.part_of,
        properties.mirror as is_mirrored,
        properties.optional as is_optional,
    from properties
    inner join entities
        on properties.entity = entities.entity

)

select * from resolved
