-- How each option of a property may be spelt in the source, and the value that HubSpot knows it by:
-- the value itself, its label, and for a yes and a no the usual words. A spelling that two options
-- share is none. Of the seed's options those count that the portal has, once somebody has looked.
with properties as (

    select * from {{ ref('catalogue_properties') }}
    where property_type in ('enumeration', 'bool')

),

portal_properties as (

    select * from {{ source('hubspot', 'hubspot_portal_properties') }}

),

joined as (

    select
        properties.entity,
        properties.property,
        properties.options,
        portal_properties.option_values,
        portal_properties.option_labels,
    from properties
    left join portal_properties
        on
            properties.entity = portal_properties.entity
            and properties.property = portal_properties.property

),

-- The seed says Label=value;…, the portal a line for each option, its label and value between tabs.
unioned as (

    select
        entity,
        property,
        regexp_extract(option, r'^([^=]*)=') as label,
        regexp_extract(option, r'^(?:[^=]*=)?(.*)$') as value,
    from joined
    cross join unnest(split(options, ';')) as option
    where
        option_values is null
        or strpos(
            concat(';', option_values, ';'),
            concat(';', regexp_extract(option, r'^(?:[^=]*=)?(.*)$'), ';')
        ) > 0
    union distinct
    select
        entity,
        property,
        split(line, '\t')[safe_offset(0)] as label,
        split(line, '\t')[safe_offset(1)] as value,
    from joined
    cross join unnest(split(option_labels, '\n')) as line
    union distinct
    select
        entity,
        property,
        cast(null as string) as label,
        value,
    from joined
    cross join unnest(split(option_values, ';')) as value

),

flagged as (

    select
        *,
        -- Digits are words for a number before they are words for a flag.
        coalesce(
            {{ read_bool("regexp_extract(label, r'[A-Za-z]+')") }},
            {{ read_bool("regexp_extract(value, r'[A-Za-z]+')") }}
        ) as flag,
    from unioned
    where value != ''

),

-- N may stand for north: a yes and a no are flags where there is one of each.
flags as (

    select
        entity,
        property,
        min(if(flag, value, null)) as yes_value,
        min(if(not flag, value, null)) as no_value,
    from flagged
    group by entity, property
    having
        count(distinct if(flag, value, null)) = 1
        and count(distinct if(not flag, value, null)) = 1

),

-- What an option is called outranks what it means.
spelt as (

    select
        entity,
        property,
        value,
        1 as rank,
        {{ option_spelling('value') }} as spelling,
    from flagged
    union all
    select
        entity,
        property,
        value,
        2 as rank,
        {{ option_spelling('label') }} as spelling,
    from flagged
    union all
    select
        entity,
        property,
        yes_value as value,
        3 as rank,
        spelling,
    from flags
    cross join unnest(['true', 't', 'yes', 'y', '1']) as spelling
    union all
    select
        entity,
        property,
        no_value as value,
        3 as rank,
        spelling,
    from flags
    cross join unnest(['false', 'f', 'no', 'n', '0']) as spelling

),

best as (

    select
        entity,
        property,
        spelling,
        value,
    from spelt
    where spelling != ''
    qualify rank = min(rank) over (partition by entity, property, spelling)

),

final as (

    select
        entity,
        property,
        spelling,
        min(best.value) as value,
    from best
    group by entity, property, spelling
    having min(best.value) = max(best.value)

)

select * from final
