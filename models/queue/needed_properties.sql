-- What no row is sent without, though HubSpot refuse it: the key, what the object requires, and in
-- a create what a new record may not lack. Anything else may stay behind, so that a bad phone keeps
-- no date of birth out.
with properties as (

    select * from {{ ref('catalogue_properties') }}

),

needed as (

    select
        properties.entity,
        operation,
        properties.property,
    from properties
    cross join unnest(['update', 'upsert']) as operation
    where
        properties.is_natural_id
        or properties.is_required
        {%- if not var('create_without_email') %}
        or (
            properties.entity = 'patients'
            and properties.property = 'email'
            and operation = 'upsert'
        )
        {%- endif %}

)

select * from needed
