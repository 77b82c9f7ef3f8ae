{%- set here = target.database ~ '.' ~ target.schema -%}
-- The portals and data sets that the id map's rows belong to. Whoever is neither must not write.
with id_map as (

    select * from {{ source('control', 'hubspot_id_map') }}

),

final as (

    select distinct
        portal_id,
        {%- if setting('ID_MAP_TABLE').rsplit('.', 1)[0] == here %}
        -- A map that was moved along into this data set is its own.
        cast(null as string) as foreign_dataset,
        {%- else %}
        nullif(dataset, '{{ here }}') as foreign_dataset,
        {%- endif %}
    from id_map
    where portal_id is not null

)

select * from final
