-- Payloads, portal checks and setup are all rendered from the seeds: a word that nobody knows would
-- be a property that is never sent.
with objects as (
    select * from {{ ref('hubspot_objects') }}
),

properties as (
    select
        properties.*,
        objects.entity is not null as has_object,
        wholes.property is not null and coalesce(wholes.part_of, '') = '' as has_whole,
        count(*) over (partition by properties.entity, properties.property) as listings,
    from {{ ref('hubspot_properties') }} as properties
    left join objects
        on properties.entity = objects.entity
    left join {{ ref('hubspot_properties') }} as wholes
        on properties.entity = wholes.entity
        and properties.part_of = wholes.property
),

checked as (
    select
        entity,
        property,
        case
            when listings > 1 then 'listed more than once'
            when not has_object then 'entity is not in hubspot_objects'
            when
                property = 'natural_id'
                and not (type = 'string' and is_unique and write = 'always')
                then 'natural_id must be a unique string that is always written'
            when type is null or type not in (
                'string', 'number', 'bool', 'date', 'datetime', 'enumeration', 'phone_number'
            ) then 'type is none that HubSpot has'
            when type = 'date' and coalesce(format, '') not in ('iso_date', 'epoch_ms')
                then 'format of a date must be iso_date or epoch_ms'
            when type = 'datetime' and coalesce(format, '') not in ('iso_datetime', 'epoch_ms')
                then 'format of a datetime must be iso_datetime or epoch_ms'
            when type = 'string' and coalesce(format, '') not in ('', 'e164', 'phone', 'email')
                then 'format of a string must be e164, phone, email or blank'
            when coalesce(on_blank, '') not in ('keep', 'clear')
                then 'on_blank must be keep or clear'
            when coalesce(write, '') not in ('always', 'on_change', 'if_blank', 'never')
                then 'write must be always, on_change, if_blank or never'
            when coalesce(part_of, '') != '' and not has_whole
                then 'part_of must be another property, which is part of none'
            when coalesce(sensitivity, '') not in ('non_sensitive', 'sensitive', 'highly_sensitive')
                then 'sensitivity must be non_sensitive, sensitive or highly_sensitive'
            when type in ('bool', 'enumeration') and options is null and write != 'never'
                then 'a bool or an enumeration needs options'
        end as problem,
    from properties
),

without_key as (
    select
        objects.entity,
        'natural_id' as property,
        'an entity needs a natural_id' as problem,
    from objects
    left join properties
        on objects.entity = properties.entity
        and properties.property = 'natural_id'
    where properties.entity is null and objects.record_of is null
),

-- One property, one writer.
shared as (
    select
        coalesce(objects.record_of, objects.entity) as entity,
        properties.property,
        'two entities write it to the same records' as problem
    from properties
    inner join objects
        on properties.entity = objects.entity
    where properties.property != 'natural_id'
    group by coalesce(objects.record_of, objects.entity), properties.property
    having count(distinct properties.entity) > 1
),

reviews as (
    select max(options) as options
    from {{ ref('hubspot_properties') }}
    where property = 'amd_review_reason'
),

-- A reason that staff are asked about is an option of the property that says so, in the same words.
unsaid as (
    select
        'match_reviews' as entity,
        words.reason as property,
        'amd_review_reason has no such option with the label of reason_words' as problem
    from {{ ref('reason_words') }} as words
    cross join reviews
    where
        words.is_reviewed
        and strpos(
            concat(';', reviews.options, ';'), concat(';', words.label, '=', words.reason, ';')
        ) = 0
)

select
    entity,
    property,
    problem,
from checked
where problem is not null

union all

select * from without_key

union all

select * from shared

union all

select * from unsaid
