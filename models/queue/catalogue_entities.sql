{{ config(materialized='table') }}
-- Every entity of the seed. One may write to another's records (record_of): each property belongs
-- to one of them, and what the worker reads of HubSpot it reads once, for the other.
with objects as (

    select * from {{ ref('hubspot_objects') }}

),

settings as (

    {% for name in var('settings') | sort -%}
    select
        '{{ name }}' as name,
        '{{ setting(name) }}' as value,
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

resolved as (

    select
        objects.entity,
        coalesce(objects.record_of, objects.entity) as record_entity,
        coalesce(nullif(type_setting.value, ''), objects.object_type_default) as object_type,
        coalesce(nullif(id_setting.value, ''), objects.id_property_default) as id_property,
        objects.last_modified_property,
        objects.object_name,
        objects.singular_label,
        objects.plural_label,
        objects.primary_display_property,
    from objects
    left join settings as type_setting
        on objects.object_type_setting = type_setting.name
    left join settings as id_setting
        on objects.id_property_setting = id_setting.name

)

select * from resolved
