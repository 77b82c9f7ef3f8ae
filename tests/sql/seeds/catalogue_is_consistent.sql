-- Payloads, portal checks and setup are all rendered from the seeds: a word that nobody knows would
-- be a property that is never sent.
with objects as (
    select * from {{ ref('hubspot_objects') }}
),

properties as (
    select * from {{ ref('hubspot_properties') }}
),

problems as (
    select
        entity,
        property,
        'listed more than once' as problem,
    from properties
    group by entity, property
    having count(*) > 1

    union all

    select
        properties.entity,
        properties.property,
        'entity is not in hubspot_objects' as problem,
    from properties
    left join objects
        on properties.entity = objects.entity
    where objects.entity is null

    union all

    select
        objects.entity,
        'natural_id' as property,
        'an entity needs one natural_id, a unique string that is always written' as problem,
    from objects
    left join properties
        on objects.entity = properties.entity
        and properties.property = 'natural_id'
        and properties.type = 'string'
        and properties.is_unique
        and properties.write = 'always'
    where properties.entity is null

    union all

    select
        entity,
        property,
        'type is none that HubSpot has' as problem,
    from properties
    where type is null
        or type not in (
            'string', 'number', 'bool', 'date', 'datetime', 'enumeration', 'phone_number'
        )

    union all

    select
        entity,
        property,
        'format does not go with the type' as problem,
    from properties
    where (type = 'date' and coalesce(format, '') not in ('iso_date', 'epoch_ms'))
        or (type = 'datetime' and coalesce(format, '') not in ('iso_datetime', 'epoch_ms'))
        or (type not in ('date', 'datetime') and format is not null)

    union all

    select
        entity,
        property,
        'on_blank must be keep or clear' as problem,
    from properties
    where coalesce(on_blank, '') not in ('keep', 'clear')

    union all

    select
        entity,
        property,
        'write must be always, if_blank or never' as problem,
    from properties
    where coalesce(write, '') not in ('always', 'if_blank', 'never')

    union all

    select
        entity,
        property,
        'sensitivity must be non_sensitive, sensitive or highly_sensitive' as problem,
    from properties
    where coalesce(sensitivity, '') not in ('non_sensitive', 'sensitive', 'highly_sensitive')

    union all

    select
        entity,
        property,
        'options are needed for a bool or an enumeration' as problem,
    from properties
    where type in ('bool', 'enumeration')
        and options is null
        and write != 'never'
)

select * from problems
